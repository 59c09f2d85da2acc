import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPods, type LoadResult } from './create-load.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { eventually } from './support/eventually.ts'
import { type Lab, startLab, TEAM_A, TEAM_B } from './support/lab.ts'
import { podFor } from './support/pods.ts'

// Each tenant: 30 of its own, 20 that both may share, and 20 that both may borrow.
const QUOTAS = `
apiVersion: sluice.dev/v1alpha1
kind: Cohort
metadata: {name: lab}
spec:
  classes:
  - {class: h100, capacity: {gpus: 100}, instanceTypes: [p5.48xlarge], shared: 20, burst: 20}
---
apiVersion: sluice.dev/v1alpha1
kind: TenantQuota
metadata: {name: team-a}
spec:
  namespaces: [team-a]
  cohort: lab
  classes: [{class: h100, reserved: 30, shared: {}, burst: {}, lendingLimit: 0}]
---
apiVersion: sluice.dev/v1alpha1
kind: TenantQuota
metadata: {name: team-b}
spec:
  namespaces: [team-b]
  cohort: lab
  classes: [{class: h100, reserved: 30, shared: {}, burst: {}, lendingLimit: 0}]
`
const CAPACITY = 100_000
const CREATES = 300

const sum = (held: Readonly<Record<string, number>>, tier: string) =>
  Object.entries(held)
    .filter(([key]) => key.includes(`/${tier} `))
    .reduce((total, [, amount]) => total + amount, 0)

/** Counted from the pods, whatever the ledger says. */
function assertWithinLimits(held: Readonly<Record<string, number>>): void {
  for (const tenant of [TEAM_A, TEAM_B]) assert.ok((held[`${tenant}/reserved h100`] ?? 0) <= 30_000, tenant)
  assert.ok(sum(held, 'shared') <= 20_000, JSON.stringify(held))
  assert.ok(Object.values(held).reduce((a, b) => a + b, 0) <= CAPACITY, JSON.stringify(held))
  assert.equal(sum(held, 'untold'), 0, 'every pod was told its tier')
}

function createMany({ cluster }: Lab, onAnswer: () => void = () => {}): Promise<LoadResult> {
  return createPods(cluster.admin, {
    count: CREATES,
    pod: () => podFor(1),
    namespaceOf: index => (index % 2 === 0 ? TEAM_A : TEAM_B),
    onAnswer,
  })
}

async function emptied({ cluster, held }: Lab): Promise<void> {
  for (const namespace of [TEAM_A, TEAM_B]) await cluster.api.must('DELETE', `/api/v1/namespaces/${namespace}/pods`)
  await eventually('everything was given back', async () => (Object.keys(await held()).length === 0 ? true : undefined))
}

test('three replicas and 64 creators who want more than there is', { skip: skipWithoutCluster }, async t => {
  const lab = await startLab(t, { quotas: QUOTAS, replicas: 3 })

  await t.test('never pass a limit, and refuse with the words of a quota', async () => {
    const { created, answers } = await createMany(lab)
    assertWithinLimits(await lab.heldByPods())
    assert.ok(created.length > 0)
    for (const { status, message } of answers.filter(answer => answer.pod === undefined)) {
      assert.equal(status, 403, message)
      assert.match(message, /exceeded quota: team-[ab]\//)
    }
  })

  await t.test('charge exactly the pods that are there', async () => {
    assert.deepEqual(await lab.held(), await lab.heldByPods())
  })

  await t.test('and leave no GPU idle that somebody asks for', async () => {
    // A pod may have been told a tier that was full when it came to be charged.
    await createMany(lab)
    const held = await lab.heldByPods()
    assertWithinLimits(held)
    assert.equal(
      Object.values(held).reduce((a, b) => a + b, 0),
      CAPACITY,
    )
  })

  await t.test('never pass a limit while a replica is killed and another comes', async () => {
    await emptied(lab)
    const [victim] = lab.sluice.replicas()
    assert.ok(victim !== undefined)
    const replaced = Promise.withResolvers<void>()
    let answered = 0
    const { created } = await createMany(lab, () => {
      answered += 1
      if (answered !== CREATES / 10) return
      lab.sluice
        .end(victim, 'SIGKILL')
        .then(() => lab.sluice.add())
        .then(() => replaced.resolve(), replaced.reject)
    })
    await replaced.promise
    assert.ok(created.length > 0)
    const held = await lab.heldByPods()
    assertWithinLimits(held)
    const charged = await lab.held()
    // Charges of pods whose answer was lost with the replica may still be there; a pod without a charge may not.
    for (const [key, amount] of Object.entries(held)) assert.ok((charged[key] ?? 0) >= amount, key)
  })
})
