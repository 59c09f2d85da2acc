import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textAt } from '../../src/admission/objects.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { eventually } from './support/eventually.ts'
import { LAPSE_PATIENCE_MS, type Lab, SOON_LAPSING, startLab, TEAM_A } from './support/lab.ts'
import { podFor } from './support/pods.ts'

const PODS = `/api/v1/namespaces/${TEAM_A}/pods`
const OTHER_PODS = '/api/v1/namespaces/default/pods'

/** A pod that is none of Sluice's business. */
const OTHER = podFor(0, {
  metadata: { name: 'other', generateName: null },
  spec: { containers: [{ name: 'main', image: 'registry.example.com/web:1' }] },
})

/**
 * Pods go on changing meanwhile, as everywhere: a watch learns that time has passed from what it is told, and an etcd before 3.4.25
 * tells a quiet one nothing for ten minutes.
 */
async function untilTrue({ cluster, held, heldByPods }: Lab): Promise<void> {
  const pods = JSON.stringify(await heldByPods())
  let changes = 0
  await eventually(
    'the ledger holds what the pods hold, and no more',
    async () => {
      changes += 1
      const annotations = { 'example.com/changes': String(changes) }
      await cluster.api.must('PATCH', `${OTHER_PODS}/other`, { metadata: { annotations } })
      return JSON.stringify(await held()) === pods ? true : undefined
    },
    { patienceMs: LAPSE_PATIENCE_MS, seen: () => `the pods hold ${pods}` },
  )
}

test('what was charged for a pod that never came', { skip: skipWithoutCluster }, async t => {
  const lab = await startLab(t, SOON_LAPSING)
  const { api } = lab.cluster
  const named = podFor(1, { metadata: { name: 'taken', generateName: null } })
  await api.must('POST', OTHER_PODS, OTHER)
  await lab.create(TEAM_A, named)

  await t.test('is still held when the name turns out to be taken, or a ResourceQuota refuses the pod', async () => {
    const again = await api.call('POST', PODS, named)
    assert.equal(again.status, 409)
    assert.equal(textAt(again.body, 'reason'), 'AlreadyExists')
    assert.match(await refusedByQuota(lab), /exceeded quota: one, requested: requests\.nvidia\.com\/gpu=1/)
    // Validation came before either was found.
    assert.deepEqual(await lab.held(), { 'team-a/reserved h100': 3_000 })
  })

  await t.test('lapses', async () => {
    await untilTrue(lab)
    assert.deepEqual(await lab.held(), { 'team-a/reserved h100': 1_000 })
  })
})

async function refusedByQuota({ cluster: { api } }: Lab): Promise<string> {
  const path = `/api/v1/namespaces/${TEAM_A}/resourcequotas`
  const hard = { 'requests.nvidia.com/gpu': '1' }
  await api.must('POST', path, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'one' }, spec: { hard } })
  // What a controller counts, and none runs here.
  await api.must('PATCH', `${path}/one/status`, { status: { hard, used: hard } })
  // A dry run leaves no charge, and tells when the quota is known.
  await eventually('the ResourceQuota refuses', async () => {
    const { status } = await api.call('POST', `${PODS}?dryRun=All`, podFor(1))
    return status === 403 ? true : undefined
  })
  const { body } = await api.call('POST', PODS, podFor(1))
  return textAt(body, 'message') ?? ''
}
