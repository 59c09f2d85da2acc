import assert from 'node:assert/strict'
import { join, relative } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fieldAt, textAt } from '../../src/admission/objects.ts'
import { readClusterFolder } from '../../src/config/cluster-folder.ts'
import { shippedLibrary } from '../../src/config/root.ts'
import { KINDS } from '../../src/schema/documents.ts'
import { API_GROUP } from '../../src/schema/kind.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { EXAMPLES, ROOT, sluice } from '../support/sluice-process.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { installCrds } from './support/crds.ts'

test('the custom resources in a real API server', { skip: skipWithoutCluster }, async t => {
  const cluster = await startControlPlane()
  t.after(() => cluster.stop())
  await installCrds(cluster)

  await everyKindIsServed(t, cluster)
  for (const folder of [shippedLibrary(), join(EXAMPLES, 'cluster')]) await everyDocumentIsAccepted(t, cluster, folder)
  await t.test('what is imported from Kueue is accepted as it is printed', () => importIsAccepted(cluster))
  await badDocumentsAreRefused(t, cluster)
  await t.test('a status is written past the spec, and the spec past the status', () => hasStatus(cluster))
})

async function everyKindIsServed(t: TestContext, { api }: ControlPlane): Promise<void> {
  for (const { plural } of KINDS) {
    await t.test(`${plural} are served, with a structural schema`, async () => {
      const crd = await api.must(
        'GET',
        `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.${API_GROUP}`,
      )
      const conditions = fieldAt(crd, 'status', 'conditions')
      assert.ok(Array.isArray(conditions))
      const states = Object.fromEntries(conditions.map(one => [textAt(one, 'type'), textAt(one, 'status')]))
      assert.deepEqual(states, { NamesAccepted: 'True', Established: 'True' })
    })
  }
}

async function everyDocumentIsAccepted(t: TestContext, cluster: ControlPlane, folder: string): Promise<void> {
  await t.test(`every document below ${relative(ROOT, folder)} is accepted`, async () => {
    const read = readClusterFolder(folder)
    assert.ok(read.ok)
    const objects = read.value.map(({ value }) => value)
    // They must exist, or what stands in them would be refused in a dry run.
    const namespaces = objects.filter(({ kind }) => kind === 'Namespace')
    if (namespaces.length > 0) await apply(cluster, namespaces)

    const accepted = await apply(cluster, objects, '--dry-run=server')
    assert.equal(accepted.length, objects.length)
  })
}

/** The lines that kubectl printed, one for each object. */
async function apply({ kubectl }: ControlPlane, items: readonly JsonObject[], ...flags: string[]) {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const { code, stdout, stderr } = await kubectl(['apply', '--server-side', ...flags, '-f', '-'], { stdin: list })
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  return stdout.trimEnd().split('\n')
}

async function importIsAccepted({ kubectl }: ControlPlane): Promise<void> {
  // A plain `on` is a boolean to kubectl, and a name to us.
  const queue = {
    apiVersion: 'kueue.x-k8s.io/v1beta2',
    kind: 'LocalQueue',
    metadata: { name: 'main', namespace: 'on' },
  }
  const queues = JSON.stringify({ ...queue, spec: { clusterQueue: 'foundation-models' } })
  const args = ['import', 'kueue', '-f', join(EXAMPLES, 'kueue'), '-f', '-']
  const { exitCode, stdout, stderr: complaint } = await sluice(args, queues)
  assert.equal(exitCode, 0, complaint)
  assert.match(stdout, /"on"/)
  const { code, stderr } = await kubectl(['apply', '--server-side', '--dry-run=server', '-f', '-'], { stdin: stdout })
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
}

const COHORT = { classes: [{ class: 'h100', capacity: { gpus: 8 } }] }
const QUOTA = { cohort: 'a', namespaces: ['a'], classes: [{ class: 'h100', reserved: 4 }] }

const BAD: readonly {
  readonly name: string
  readonly kind: string
  readonly spec: JsonObject
  readonly want: RegExp
}[] = [
  {
    name: 'a capacity below zero',
    kind: 'Cohort',
    spec: { classes: [{ class: 'h100', capacity: { gpus: -1 } }] },
    want: /spec\.classes\[0\]\.capacity\.gpus: Invalid value: -1: .* should be greater than or equal to 0/,
  },
  {
    name: 'a capacity past what can be counted',
    kind: 'Cohort',
    spec: { classes: [{ class: 'h100', capacity: { gpus: '1000000000000000' } }] },
    want: /spec\.classes\[0\]\.capacity\.gpus: Too long: may not be more than 14/,
  },
  {
    name: 'a reclaim mode that does not exist',
    kind: 'Cohort',
    spec: { ...COHORT, reclaim: { mode: 'Sometimes' } },
    want: /spec\.reclaim\.mode: Unsupported value: "Sometimes": supported values: "Off", "DryRun", "On"/,
  },
  {
    name: 'a share that is no percentage',
    kind: 'Cohort',
    spec: { classes: [{ class: 'h100', capacity: { gpus: 8 }, shared: 'much' }] },
    want: /spec\.classes\[0\]\.shared/,
  },
  {
    name: 'a field that is misspelt',
    kind: 'TenantQuota',
    spec: { ...QUOTA, classes: [{ class: 'h100', reservd: 4 }] },
    want: /unknown field "spec\.classes\[0\]\.reservd"/,
  },
  {
    name: 'a tenant without a cohort',
    kind: 'TenantQuota',
    spec: { namespaces: ['a'], classes: [] },
    want: /spec\.cohort: Required value/,
  },
  {
    name: 'a namespace that can be none',
    kind: 'TenantQuota',
    spec: { ...QUOTA, namespaces: ['Team_A'] },
    want: /spec\.namespaces\[0\]/,
  },
  {
    name: 'a mode that does not exist',
    kind: 'GpuPolicy',
    spec: { mode: 'Perhaps' },
    want: /spec\.mode: Unsupported value: "Perhaps"/,
  },
  {
    name: 'a class without a way to recognise it',
    kind: 'AcceleratorClass',
    spec: { resources: 'nvidia.com/gpu' },
    want: /spec\.resources/,
  },
]

async function badDocumentsAreRefused(t: TestContext, { kubectl }: ControlPlane): Promise<void> {
  for (const { name, kind, spec, want } of BAD) {
    await t.test(`${name} is refused, and its field is named`, async () => {
      const document = { apiVersion: `${API_GROUP}/v1alpha1`, kind, metadata: { name: 'bad' }, spec }
      const { code, stderr } = await kubectl(['create', '-f', '-'], { stdin: JSON.stringify(document) })
      assert.equal(code, 1)
      assert.match(stderr, want)
    })
  }
}

async function hasStatus({ api }: ControlPlane): Promise<void> {
  const path = `/apis/${API_GROUP}/v1alpha1/cohorts`
  const metadata = { name: 'with-status' }
  const document = { apiVersion: `${API_GROUP}/v1alpha1`, kind: 'Cohort', metadata, spec: COHORT }
  await api.must('POST', path, { ...document, status: { conditions: [] } })
  const told = { status: { conditions: [] }, spec: { classes: [] } }
  const updated = await api.must('PATCH', `${path}/with-status/status`, told)
  assert.deepEqual(fieldAt(updated, 'spec'), COHORT)
  assert.deepEqual(fieldAt(updated, 'status'), told.status)
  const specced = await api.must('PATCH', `${path}/with-status`, {
    spec: { weight: '2' },
    status: { conditions: null },
  })
  assert.deepEqual(fieldAt(specced, 'status'), told.status)
}
