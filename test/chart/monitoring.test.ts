import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { CODES } from '../../src/admission/codes.ts'
import { fieldAt, textAt } from '../../src/admission/objects.ts'
import { isObject, type JsonObject, type JsonValue } from '../../src/schema/parts.ts'
import { METRICS } from '../../src/telemetry/metric-names.ts'
import { CHART, ofKind, skipWithoutHelm } from './support/helm.ts'

const KNOWN: ReadonlyMap<string, readonly string[]> = new Map([
  ...Object.values(METRICS).map(({ name, labels }): [string, readonly string[]] => [name, labels]),
  // Node's own, by prom-client.
  ...['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds'].map(
    (name): [string, readonly string[]] => [name, []],
  ),
])

/** What Prometheus adds to every series. */
const TARGET_LABELS = ['namespace', 'pod', 'job', 'le']

const read = (file: string) => readFileSync(join(CHART, 'monitoring', file), 'utf8')
const groups: JsonValue = parse(read('alerts.yaml'))
const dashboard: JsonValue = JSON.parse(read('dashboard.json'))

function listAt(value: JsonValue | undefined, ...path: readonly string[]): readonly JsonObject[] {
  const found = fieldAt(value, ...path)
  return Array.isArray(found) ? found.filter(isObject) : []
}

const alerts = listAt(groups, 'groups').flatMap(group => listAt(group, 'rules'))
const panels = listAt(dashboard, 'panels')
const expressions = [
  ...alerts.map(alert => ({ at: `alert ${textAt(alert, 'alert')}`, text: textAt(alert, 'expr') ?? '' })),
  ...panels.flatMap(panel =>
    listAt(panel, 'targets').map(target => ({
      at: `panel ${textAt(panel, 'title')}`,
      text: textAt(target, 'expr') ?? '',
    })),
  ),
  ...listAt(dashboard, 'templating', 'list').flatMap(variable => {
    const query = textAt(variable, 'query', 'query')
    return query === undefined ? [] : [{ at: `variable ${textAt(variable, 'name')}`, text: query }]
  }),
]

/** The names of metrics and labels in an expression; of a histogram, the name without what PromQL needs. */
function namesIn(text: string): { readonly metrics: readonly string[]; readonly labels: readonly string[] } {
  const metrics = [...text.matchAll(/\b(?:sluice|process|nodejs)_[a-z0-9_]+/g)].map(([name]) =>
    name.replace(/_(bucket|sum|count)$/, ''),
  )
  const selected = [...text.matchAll(/\{([^}]*)\}/g)].flatMap(([, inside = '']) =>
    [...inside.matchAll(/(\w+)\s*[=!]/g)].map(([, label = '']) => label),
  )
  const grouped = [...text.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, inside = '']) => inside.split(/,\s*/))
  return { metrics, labels: [...selected, ...grouped] }
}

describe('alerts and dashboard', () => {
  for (const { at, text } of expressions) {
    test(`${at} asks for metrics and labels that exist`, () => {
      const { metrics, labels } = namesIn(text)
      assert.ok(metrics.length > 0, text)
      for (const metric of metrics) assert.ok(KNOWN.has(metric), `there is no metric ${metric}`)
      const allowed = [...TARGET_LABELS, ...metrics.flatMap(metric => KNOWN.get(metric) ?? [])]
      for (const label of labels) assert.ok(allowed.includes(label), `none of ${metrics.join()} has a label ${label}`)
    })
  }

  test('the check finds what is not there', () => {
    const { metrics, labels } = namesIn('sum by (pod, colour) (rate(sluice_nothing_bucket{tenant=~"a"}[5m]))')
    assert.deepEqual({ metrics, labels }, { metrics: ['sluice_nothing'], labels: ['tenant', 'pod', 'colour'] })
    assert.ok(!KNOWN.has('sluice_nothing'))
  })
})

describe('alerts', () => {
  for (const alert of alerts) {
    test(`${textAt(alert, 'alert')} says what it means and what to do`, () => {
      assert.match(textAt(alert, 'labels', 'severity') ?? '', /^(warning|critical)$/)
      for (const part of ['summary', 'description', 'runbook']) {
        assert.match(textAt(alert, 'annotations', part) ?? '', /^\S.{20,}\.$/s, part)
      }
    })
  }

  test('the one about denials means codes that exist, and none that a tenant can do something about', () => {
    const expression =
      textAt(
        alerts.find(({ alert }) => alert === 'SluiceDeniesForReasonsOfItsOwn'),
        'expr',
      ) ?? ''
    const pattern = new RegExp(`^(?:${/code=~"([^"]+)"/.exec(expression)?.[1]})$`)
    assert.deepEqual(
      Object.keys(CODES).filter(code => pattern.test(code)),
      ['SLU-P101', 'SLU-Q230', 'SLU-Q231', 'SLU-S500', 'SLU-S510'],
    )
  })
})

describe('monitoring', { skip: skipWithoutHelm }, () => {
  const kinds = ['ServiceMonitor', 'PrometheusRule', 'ConfigMap']

  test('is one switch', () => {
    assert.deepEqual(ofKind('defaults', ...kinds), [])
    assert.deepEqual(
      ofKind('monitoring', ...kinds)
        .map(({ kind }) => kind)
        .toSorted(),
      kinds.toSorted(),
    )
  })

  test('reaches the cluster as it is written, templates of Prometheus included', () => {
    const [rule] = ofKind('monitoring', 'PrometheusRule')
    assert.deepEqual(fieldAt(rule, 'spec'), groups)
    const [map] = ofKind('monitoring', 'ConfigMap')
    assert.deepEqual(JSON.parse(textAt(map, 'data', 'sluice.json') ?? ''), dashboard)
  })

  test('finds the replicas by the labels of their service', () => {
    const [monitor] = ofKind('monitoring', 'ServiceMonitor')
    const wanted = fieldAt(monitor, 'spec', 'selector', 'matchLabels')
    const [service] = ofKind('monitoring', 'Service')
    const labels = fieldAt(service, 'metadata', 'labels')
    assert.deepEqual({ ...(isObject(labels) ? labels : {}), ...(isObject(wanted) ? wanted : {}) }, labels)
  })
})
