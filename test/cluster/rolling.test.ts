import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BATCH, createDuring, lostOf } from './create-load.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { type Lab, startLab, TEAM_A } from './support/lab.ts'
import { podFor } from './support/pods.ts'
import { PLENTY } from './support/quotas.ts'

/** As a Deployment does with maxSurge 1: a new one is ready before an old one ends. */
async function replaceAll({ sluice }: Lab): Promise<void> {
  for (const old of sluice.replicas()) {
    await sluice.add()
    await sluice.end(old, 'SIGTERM')
  }
}

test('a rolling update under load loses no admission', { skip: skipWithoutCluster }, async t => {
  const lab = await startLab(t, { quotas: PLENTY, replicas: 2 })
  const before = lab.sluice.replicas()
  const load = { pod: () => podFor(1), namespaceOf: () => TEAM_A }
  const answers = await createDuring(lab.cluster.admin, load, replaceAll(lab))

  assert.ok(lab.sluice.replicas().every(replica => !before.includes(replica)))
  assert.ok(answers.length >= 2 * BATCH, `only ${answers.length} pods were created`)
  assert.deepEqual(lostOf(answers), [])
  assert.deepEqual(await lab.held(), await lab.heldByPods())
})
