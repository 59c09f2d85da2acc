import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clusterWith } from '../../admission/testing.ts'
import { type Claimant, claimKey, ownerBits } from '../../quota/claim.ts'
import { entries, find } from '../../quota/persistent-map.ts'
import { amounts, present } from '../../quota/testing.ts'
import type { Evict, Hold, Notify, Promote } from '../../rebalance/plan.ts'
import { evictions } from './evictions.ts'
import { standaloneHands } from './hands.ts'
import { standaloneWorld } from './testing.ts'

const TREE = 'research'

async function handsOn() {
  const world = await standaloneWorld(clusterWith())
  const { now } = world.clock
  const evicted = evictions(now)
  const hands = standaloneHands({ host: world.pods, writer: world.ledger, treeOf: () => TREE, evictions: evicted, now })
  const claim = (heldFor: Claimant) =>
    find(present(world.ledger.book(TREE), 'book').ledger.claims, claimKey('a', heldFor))
  return { ...world, evicted, claim, carryOut: hands.carryOut }
}

const VICTIM = { tenant: 'a', tier: 'burst', need: 'n', rule: 'above-fair-share', pods: ['p'] } as const
const FOUR = amounts({ h100: 4_000 })

function notify(deadlineMs: number): Notify {
  return { ...VICTIM, kind: 'notify', amounts: FOUR, deadlineMs }
}

const EVICT: Evict = { ...VICTIM, kind: 'evict', amounts: FOUR }

test('a pod is evicted once its notice has run out, and not before', async () => {
  const { create, carryOut, clock, pods, evicted } = await handsOn()
  await create('p', { tier: 'burst', gpus: 4 })
  assert.deepEqual(await carryOut(EVICT), { kind: 'stale', why: 'its notice has not run out' })
  assert.equal((await carryOut(notify(clock.now() + 60_000))).kind, 'done')
  assert.deepEqual(pods.find('p')?.standing.notice, { deadlineMs: clock.now() + 60_000, need: 'n' })
  clock.advance(59_999)
  assert.equal((await carryOut(EVICT)).kind, 'stale')
  clock.advance(1)
  assert.equal((await carryOut(EVICT)).kind, 'done')
  assert.equal(pods.find('p'), undefined)
  assert.deepEqual(evicted.lastHour(), new Map([['a', 1]]))
  assert.equal((await carryOut(EVICT)).kind, 'stale', 'asked again, nothing is left to do')
  clock.advance(3_600_000)
  assert.deepEqual(evicted.lastHour(), new Map())
})

test('what is owed to somebody does not count against what a tenant may lose for fairness', async () => {
  const { create, carryOut, clock, evicted } = await handsOn()
  await create('p', { tier: 'burst', gpus: 4 })
  await carryOut(notify(clock.now()))
  await carryOut({ ...EVICT, rule: 'owner-came-back' })
  assert.deepEqual(evicted.lastHour(), new Map())
})

test('a notice that is taken back is no notice', async () => {
  const { create, carryOut, clock, pods } = await handsOn()
  await create('p', { tier: 'burst', gpus: 4 })
  await carryOut(notify(clock.now()))
  await carryOut({ kind: 'rescind', tenant: 'a', need: 'n', rule: 'no-longer-needed', pods: ['p'] })
  assert.equal(pods.find('p')?.standing.notice, null)
  assert.equal((await carryOut(EVICT)).kind, 'stale')
})

const PROMOTE: Promote = {
  ...{ kind: 'promote', rule: 'own-reserved-is-free', tenant: 'a', pods: ['p'] },
  ...{ from: 'burst', to: 'reserved', amounts: FOUR },
}

test('a promoted pod is counted in the better tier, and its claim ends with that', async () => {
  const { create, carryOut, pods, held, claim } = await handsOn()
  await create('p', { tier: 'burst', gpus: 4 })
  await pods.recount()
  assert.equal((await carryOut(PROMOTE)).kind, 'done')
  assert.equal(held(), 'reserved 4000 h100, burst 4000 h100')
  await pods.recount()
  assert.equal(held(), 'reserved 4000 h100')
  assert.equal(claim({ kind: 'pod', uid: 'p' }), undefined)
})

test('a pod is not promoted into room that is no longer there', async () => {
  const { create, carryOut, pods, held, claim } = await handsOn()
  await create('p', { tier: 'burst', gpus: 4 })
  await create('q', { tier: 'reserved', gpus: 6 })
  assert.equal((await carryOut(PROMOTE)).kind, 'stale')
  await pods.recount()
  assert.equal(held(), 'reserved 6000 h100, burst 4000 h100')
  assert.equal(claim({ kind: 'pod', uid: 'p' }), undefined)
})

test('what is held for a Job is drawn on by its pods, and by no others', async () => {
  const { create, carryOut, clock, claim } = await handsOn()
  const heldFor = { kind: 'owner', owner: ownerBits('team-a', 'uid-train') } as const
  const untilMs = clock.now() + 60_000
  const held = { tenant: 'a', tier: 'burst', amounts: amounts({ h100: 20_000 }), heldFor, untilMs } as const
  const hold: Hold = { kind: 'hold', rule: 'above-fair-share', need: 'n', claim: held }
  assert.equal((await carryOut(hold)).kind, 'done')
  assert.match(await create('other', { tier: 'burst', gpus: 8, job: 'other' }), /^exceeded quota/)
  assert.equal(await create('p', { tier: 'burst', gpus: 8, job: 'train' }), 'admitted')
  assert.deepEqual(claim(heldFor)?.amounts, amounts({ h100: 12_000 }))
})

test('a gang whose hold lapses holds what its members hold', async () => {
  const { create, carryOut, pods, held, ledger } = await handsOn()
  const metadata = {
    labels: { 'kueue.x-k8s.io/pod-group-name': 'g', 'sluice.dev/tier': 'burst' },
    annotations: { 'kueue.x-k8s.io/pod-group-total-count': '2' },
  }
  await create('p', { gpus: 4, metadata })
  await pods.recount()
  assert.equal(held(), 'burst 8000 h100')
  const [[gang] = ['']] = [...entries(present(ledger.book(TREE), 'book').ledger.gangs)]
  const lapse = { kind: 'lapse', rule: 'above-fair-share', need: 'n', tenant: 'a', tier: 'burst', gang } as const
  await carryOut({ ...lapse, amounts: FOUR })
  assert.equal(held(), 'burst 4000 h100')
})
