import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skipWithoutCluster } from './support/binaries.ts'
import { eventually } from './support/eventually.ts'
import { LAPSE_PATIENCE_MS, type Lab, SOON_LAPSING, startLab, TEAM_A } from './support/lab.ts'
import { podFor } from './support/pods.ts'

async function untilAdmitted({ cluster }: Lab): Promise<void> {
  await eventually('a pod is admitted', async () => {
    const { status } = await cluster.api.call('POST', `/api/v1/namespaces/${TEAM_A}/pods?dryRun=All`, podFor(1))
    return status === 201 ? true : undefined
  })
}

async function untilReady({ sluice }: Lab): Promise<void> {
  for (const replica of sluice.replicas())
    await eventually(`${replica.name} is ready`, async () => ((await replica.isReady()) ? true : undefined))
}

test('outages of a real cluster', { skip: skipWithoutCluster }, async t => {
  const lab = await startLab(t, { ...SOON_LAPSING, replicas: 2 })
  const started = lab.sluice.replicas().map(replica => replica.process.pid)
  const isCharged = async () => {
    const [charged, held] = [await lab.held(), await lab.heldByPods()]
    for (const [key, amount] of Object.entries(held)) assert.ok((charged[key] ?? 0) >= amount, key)
  }

  await t.test('after a restart of the API server pods are admitted and charged as before', async () => {
    await lab.create(TEAM_A, podFor(1))
    await lab.cluster.restartApiServer()
    await untilReady(lab)
    await untilAdmitted(lab)
    await lab.create(TEAM_A, podFor(1))
    assert.deepEqual(await lab.held(), { 'team-a/reserved h100': 2_000 })
  })

  await t.test('while etcd is paused no pod is admitted, and none is admitted uncharged', async () => {
    lab.cluster.pauseEtcd()
    const { status } = await lab.cluster.api.call('POST', `/api/v1/namespaces/${TEAM_A}/pods?timeout=5s`, podFor(1))
    lab.cluster.resumeEtcd()
    assert.notEqual(status, 201)
    await isCharged()
  })

  await t.test('after the pause pods are admitted again', async () => {
    await untilReady(lab)
    await untilAdmitted(lab)
    await lab.create(TEAM_A, podFor(1))
    await isCharged()
  })

  await t.test('after all of it a leader is there, and it counts', async () => {
    await lab.sluice.leader()
    await eventually(
      'what is deleted is given back',
      async () => {
        await lab.cluster.api.must('DELETE', `/api/v1/namespaces/${TEAM_A}/pods`)
        return Object.keys(await lab.held()).length === 0 ? true : undefined
      },
      { patienceMs: LAPSE_PATIENCE_MS },
    )
  })

  await t.test('and no replica had to be started again for it', () => {
    assert.deepEqual(
      lab.sluice.replicas().map(replica => replica.process.pid),
      started,
    )
    for (const replica of lab.sluice.replicas()) assert.equal(replica.process.isRunning(), true)
  })
})
