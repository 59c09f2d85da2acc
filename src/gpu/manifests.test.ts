import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { podOf, resultFor } from '../../test/support/accelerators.ts'
import type { DemandResult } from './demand.ts'

/*
 * The pod templates of public manifests, with the effective request that their authors' cluster would compute. They stand beside the
 * repository, because they are other people's files.
 */

const DATA = fileURLToPath(new URL('../../../shared/data/manifests', import.meta.url))
const skip = existsSync(DATA) ? false : 'the manifests are not beside this repository'

interface Row {
  readonly repo: string
  readonly path: string
  readonly kind: string
  readonly object: string
  readonly podspec: string
  readonly effective: Readonly<Record<string, number | 'UNRENDERED'>>
}

test('the effective request of every public pod template is what Kubernetes computes', { skip }, () => {
  const rows = readFileSync(join(DATA, 'templates.jsonl'), 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Row)
  for (const row of rows) {
    const result = resultFor(podOf(podSpecOf(row)))
    const at = `${row.path} ${row.object} ${row.podspec}`
    assert.deepEqual(readable(effectiveOf(result)), rendered(row.effective), at)
    const isOpen = Object.values(row.effective).includes('UNRENDERED')
    assert.equal(result.kind === 'undecidable', isOpen, `${at}: ${result.kind}`)
  }
  assert.ok(rows.length >= 80)
})

function podSpecOf({ repo, path, kind, object, podspec }: Row): unknown {
  const file = join(DATA, 'files', repo.replace('/', '+'), path)
  const documents = parseAllDocuments(readFileSync(file, 'utf8'), { logLevel: 'silent' })
  assert.ok(Array.isArray(documents), file)
  const objects = documents.map(document => withoutNulls(document.toJS()))
  const owner = objects.find(
    value => field(value, 'kind') === kind && field(field(value, 'metadata'), 'name') === object,
  )
  assert.ok(owner !== undefined, `${path} has no ${kind} ${object}`)
  return podspec.split('.').reduce(step, owner)
}

/** A field that is null is not there, for the API server and for everyone who reads manifests. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([, entry]) => entry !== null)
  return Object.fromEntries(kept.map(([name, entry]) => [name, withoutNulls(entry)]))
}

/** One step of a path: a field, or the item of a list by its number or name. */
function step(value: unknown, name: string): unknown {
  const item = /^\[(.*)\]$/.exec(name)?.[1]
  if (item === undefined) return field(value, name)
  assert.ok(Array.isArray(value), name)
  return /^\d+$/.test(item) ? value[Number(item)] : value.find(entry => field(entry, 'name') === item)
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function effectiveOf(result: DemandResult): ReadonlyMap<string, bigint> {
  switch (result.kind) {
    case 'demand':
      return result.demand.effective
    case 'none':
    case 'undecidable':
      return result.effective
    case 'invalid':
      return assert.fail(JSON.stringify(result.issues))
  }
}

function readable(effective: ReadonlyMap<string, bigint>): Readonly<Record<string, number>> {
  return Object.fromEntries([...effective].map(([resource, units]) => [resource, Number(units)]))
}

function rendered(effective: Row['effective']): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(effective).filter(([, units]) => units !== 'UNRENDERED'))
}
