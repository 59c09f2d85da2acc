import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textAt } from '../../src/admission/objects.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { eventually } from './support/eventually.ts'
import { type Lab, startLab, TEAM_A } from './support/lab.ts'
import { podFor } from './support/pods.ts'

const PODS = `/api/v1/namespaces/${TEAM_A}/pods`
const ONE = { 'team-a/reserved h100': 1_000 }
const nameOf = (pod: JsonObject) => textAt(pod, 'metadata', 'name') ?? ''

async function untilHeld(lab: Lab, want: Readonly<Record<string, number>>): Promise<void> {
  let held: Readonly<Record<string, number>> = {}
  await eventually(
    `the ledger holds ${JSON.stringify(want)}`,
    async () => {
      held = await lab.held()
      return JSON.stringify(held) === JSON.stringify(want) ? true : undefined
    },
    { seen: () => `it holds ${JSON.stringify(held)}` },
  )
}

test('what a pod in a real cluster is charged', { skip: skipWithoutCluster }, async t => {
  const lab = await startLab(t)
  const { api } = lab.cluster

  await t.test('a dry run of a pod that fits leaves nothing in the ledger', async () => {
    const { status } = await api.call('POST', `${PODS}?dryRun=All`, podFor(1))
    assert.equal(status, 201)
    assert.deepEqual(await lab.held(), {})
  })

  await t.test('a pod is charged when the answer to its create is there', async () => {
    await lab.create(TEAM_A, podFor(1, { metadata: { name: 'first', generateName: null } }))
    assert.deepEqual(await lab.held(), ONE)
  })

  await t.test('pods of one generateName are charged one by one', async () => {
    const pods = [await lab.create(TEAM_A, podFor(1)), await lab.create(TEAM_A, podFor(1))]
    assert.equal(new Set(pods.map(nameOf)).size, 2)
    assert.deepEqual(await lab.held(), { 'team-a/reserved h100': 3_000 })
    for (const pod of pods) await api.must('DELETE', `${PODS}/${nameOf(pod)}`)
  })

  await t.test('a pod that is deleted gives back what it held', async () => {
    await untilHeld(lab, ONE)
  })

  await t.test('a pod that is applied again is not charged again', async () => {
    const stdin = JSON.stringify(podFor(1, { metadata: { name: 'applied', generateName: null } }))
    for (let times = 0; times < 2; times += 1) {
      const { code, stderr } = await lab.cluster.kubectl(['apply', '--server-side', '-n', TEAM_A, '-f', '-'], { stdin })
      assert.equal(code, 0, stderr)
    }
    assert.deepEqual(await lab.held(), { 'team-a/reserved h100': 2_000 })
  })

  await t.test('a pod that has succeeded gives back what it held, though it is still there', async () => {
    await api.must('PATCH', `${PODS}/applied/status`, { status: { phase: 'Succeeded' } })
    await untilHeld(lab, ONE)
    assert.equal((await api.call('GET', `${PODS}/applied`)).status, 200)
  })

  await t.test('a pod of the same name after it is another, with a charge of its own', async () => {
    await api.must('DELETE', `${PODS}/first`)
    await lab.create(TEAM_A, podFor(2, { metadata: { name: 'first', generateName: null } }))
    await untilHeld(lab, { 'team-a/reserved h100': 2_000 })
  })

  await t.test('a tier that was given is not changed by its owner', async () => {
    const labels = { 'sluice.dev/tier': 'burst' }
    const { status, body } = await api.call('PATCH', `${PODS}/first`, { metadata: { labels } })
    assert.ok(status === 403 || status === 422, `${status} ${JSON.stringify(body)}`)
    assert.match(textAt(body, 'message') ?? '', /sluice\.dev\/tier/)
  })

  await t.test('in the end the ledger holds what the pods hold', async () => {
    await untilHeld(lab, await lab.heldByPods())
  })
})
