import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from './support/eventually.ts'
import { startHoldingWebhook } from './support/holding-webhook.ts'
import { type Lab, startLab, TEAM_A, TEAM_B } from './support/lab.ts'
import { podFor } from './support/pods.ts'
import type { Replica } from './support/replica.ts'
import { clockOff, skipWithoutClocks } from './support/skewed-clock.ts'

const TEN_MINUTES = 600
/** team-a: 4 reserved, 4 to share, 4 to borrow. */
const LIMIT = 12_000
const PATIENCE = { patienceMs: 180_000 } as const

const total = (held: Readonly<Record<string, number>>, tenant = TEAM_A) =>
  Object.entries(held).reduce((sum, [key, amount]) => (key.startsWith(`${tenant}/`) ? sum + amount : sum), 0)

/** The leader counts once more, with a change of pods in between that its watch tells of. */
async function recounted(lab: Lab, leader: Replica): Promise<void> {
  const counted = async () => (await leader.metric('sluice_recount_seconds_count')) ?? 0
  const before = await counted()
  await lab.create(TEAM_B, podFor(0))
  await eventually('the leader recounts', async () => ((await counted()) > before ? true : undefined), PATIENCE)
}

function create({ cluster }: Lab, metadata = {}) {
  return cluster.api.call('POST', `/api/v1/namespaces/${TEAM_A}/pods`, podFor(1, { metadata }))
}

test('a leader ten minutes ahead, and a replica ten minutes behind it', { skip: skipWithoutClocks }, async t => {
  // Nobody reaches this leader, so the other charges by itself, by its own clock.
  const lab = await startLab(t, { apart: [{ env: clockOff(TEN_MINUTES), flags: ['--advertise', '127.0.0.2'] }] })
  const leader = await lab.sluice.leader()
  const behind = await lab.sluice.add({ env: clockOff(-TEN_MINUTES) })
  lab.sluice.withdraw(leader)
  const holding = await startHoldingWebhook(lab.cluster)
  t.after(() => holding.close())

  await t.test('drop no charge of a pod that may still come, however old it looks', async () => {
    const late = create(lab, { labels: holding.labels })
    await eventually('it is charged', async () => (total(await lab.held()) === 1_000 ? true : undefined))
    // Known, asked for what is newest, and told of it.
    for (let recounts = 0; recounts < 3; recounts += 1) await recounted(lab, leader)
    assert.equal(total(await lab.held()), 1_000)

    for (let pods = 0; pods < LIMIT / 1_000; pods += 1) await create(lab)
    holding.release()
    assert.equal((await late).status, 201)
    assert.ok(total(await lab.heldByPods()) <= LIMIT, JSON.stringify(await lab.heldByPods()))
    assert.equal(total(await lab.held()), total(await lab.heldByPods()))
  })

  await t.test('leave the lease to the one that has it', async () => {
    assert.equal(await leader.metric('sluice_leader'), 1)
    assert.equal(await behind.metric('sluice_leader'), 0)
    const terms = (replica: Replica) => replica.log().filter(({ message }) => message === 'this replica leads').length
    assert.deepEqual([terms(leader), terms(behind)], [1, 0])
  })
})
