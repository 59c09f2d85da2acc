/**
 * The rendered chart against the schemas of the oldest and a current Kubernetes, without a cluster: kubeconform with the strict
 * schemas of the package kubernetes-validate, unpacked in the folder that KUBERNETES_SCHEMAS names. What schemas cannot say
 * (`test/cluster/chart.test.ts` asks a real API server) and kinds of other projects are not in it.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { installed, manifestOf, skipWithoutHelm, VALUE_SETS } from './support/helm.ts'

const VERSIONS = ['1.30.0', '1.36.0']
const FOREIGN = ['Certificate', 'Issuer', 'PrometheusRule', 'ServiceMonitor']

const schemas = process.env.KUBERNETES_SCHEMAS
const kubeconform = installed('kubeconform')
const skip =
  skipWithoutHelm !== false
    ? skipWithoutHelm
    : kubeconform === undefined || schemas === undefined
      ? 'kubeconform is not installed, or KUBERNETES_SCHEMAS names no folder of schemas'
      : false

/** The schemas refer to each other by an address of their own; kubeconform reads files. */
function readable(version: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-schemas-'))
  cpSync(join(schemas ?? '', `v${version}-local-strict`), folder, { recursive: true })
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), 'utf8')
    const local = text.replaceAll('"/api/_definitions.json', '"_definitions.json').replaceAll('"$id":', '"$comment":')
    writeFileSync(join(folder, file), local)
  }
  return folder
}

function problems(manifest: string, folder: string): string {
  const { status, stdout, stderr } = spawnSync(
    kubeconform ?? '',
    [
      '-n',
      '1',
      '-skip',
      FOREIGN.join(),
      '-schema-location',
      `${folder}/{{ .ResourceKind }}{{ .KindSuffix }}.json`,
      '-',
    ],
    { input: manifest, encoding: 'utf8' },
  )
  return status === 0 ? '' : `${stdout}${stderr}`
}

for (const version of VERSIONS) {
  describe(`by the schemas of Kubernetes ${version}`, { skip }, () => {
    const folder = skip === false ? readable(version) : ''
    after(() => rmSync(folder, { recursive: true, force: true }))

    // In one go: most of the time goes into compiling the schemas.
    test('what is rendered with any values is valid', () => {
      assert.equal(problems(VALUE_SETS.map(manifestOf).join('---\n'), folder), '')
    })

    test('a misspelt field and a wrong type are found', () => {
      const good =
        manifestOf('defaults')
          .split(/^---$/m)
          .find(text => text.includes('kind: PodDisruptionBudget')) ?? ''
      const misspelt = good.replace('unhealthyPodEvictionPolicy', 'unhealthyPodEviction')
      const wrong = good.replace('maxUnavailable: 1', 'maxUnavailable: [1]')
      const found = problems([misspelt, wrong].join('---\n'), folder)
      assert.match(found, /additional properties 'unhealthyPodEviction' not allowed/)
      assert.match(found, /\/spec\/maxUnavailable': .*got array/)
    })
  })
}
