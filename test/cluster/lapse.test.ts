import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textAt } from '../../src/admission/objects.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { eventually } from './support/eventually.ts'
import { LAPSE_PATIENCE_MS, type Lab, SOON_LAPSING, startLab, TEAM_A } from './support/lab.ts'
import { podFor } from './support/pods.ts'

async function untilTrue(lab: Lab): Promise<void> {
  const pods = JSON.stringify(await lab.heldByPods())
  await eventually(
    'the ledger holds what the pods hold, and no more',
    async () => (JSON.stringify(await lab.held()) === pods ? true : undefined),
    { patienceMs: LAPSE_PATIENCE_MS, seen: () => `the pods hold ${pods}` },
  )
}

test('what was charged for a pod that never came', { skip: skipWithoutCluster }, async t => {
  const lab = await startLab(t, SOON_LAPSING)
  const { api } = lab.cluster
  const named = podFor(1, { metadata: { name: 'taken', generateName: null } })
  await lab.create(TEAM_A, named)

  await t.test('lapses where the name was taken', async () => {
    const { status, body } = await api.call('POST', `/api/v1/namespaces/${TEAM_A}/pods`, named)
    assert.equal(status, 409)
    assert.equal(textAt(body, 'reason'), 'AlreadyExists')
    // Validation came before the name was found to be taken.
    assert.deepEqual(await lab.held(), { 'team-a/reserved h100': 2_000 })
    await untilTrue(lab)
  })

  await t.test('lapses where a ResourceQuota refused the pod after us', async () => {
    const path = `/api/v1/namespaces/${TEAM_A}/resourcequotas`
    const hard = { 'requests.nvidia.com/gpu': '1' }
    await api.must('POST', path, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'one' }, spec: { hard } })
    // What a controller counts, and none runs here.
    await api.must('PATCH', `${path}/one/status`, { status: { hard, used: hard } })
    const message = await eventually('the ResourceQuota refuses', async () => {
      const { status, body } = await api.call('POST', `/api/v1/namespaces/${TEAM_A}/pods`, podFor(1))
      if (status === 201)
        await api.must('DELETE', `/api/v1/namespaces/${TEAM_A}/pods/${textAt(body, 'metadata', 'name')}`)
      return status === 403 ? textAt(body, 'message') : undefined
    })
    assert.match(message, /exceeded quota: one, requested: requests\.nvidia\.com\/gpu=1/)
    await untilTrue(lab)
  })
})
