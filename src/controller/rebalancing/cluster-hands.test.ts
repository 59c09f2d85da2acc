import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldAt, textAt } from '../../admission/objects.ts'
import { amounts } from '../../quota/testing.ts'
import type { Evict, Notify, Promote, Step } from '../../rebalance/plan.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { TREE } from '../counting/testing.ts'
import { clusterHands } from './cluster-hands.ts'
import { eventTeller } from './events.ts'
import { pastEvictions } from './past-evictions.ts'
import { reclaimingWorld, running } from './testing.ts'

/** Hands over counted pods; nobody plans. */
async function hands(...pods: readonly JsonObject[]) {
  const world = reclaimingWorld()
  for (const one of pods) world.server.put(one)
  const writer = world.replica('leader')
  const { counting, end } = world.leadAndPlan('leader', { planOf: ({ nowMs }) => ({ ...NOTHING, asOfMs: nowMs }) })
  await world.pass(5_000)
  const { clock, call } = world
  const log = { decision() {}, event() {}, problem() {} }
  const api = { call }
  const past = pastEvictions({ api, clock, log })
  const tell = eventTeller({ api, clock, identity: 'leader', log })
  const all = clusterHands({ api, ledger: writer, treeOf: () => TREE, pod: counting.pod, tell, past, clock })
  return { ...world, ...all, past, writer, end }
}

const NOTHING = { steps: [], met: [], unmet: [] }
const OF_A = { need: 'need', tenant: 'a', tier: 'burst', amounts: amounts({ h100: 1_000 }) } as const
const evict = (...pods: readonly string[]): Evict => ({ kind: 'evict', rule: 'above-fair-share', ...OF_A, pods })
const notify = (deadlineMs: number, ...pods: readonly string[]): Notify => ({
  kind: 'notify',
  rule: 'owner-came-back',
  ...OF_A,
  pods,
  deadlineMs,
})
const promote = (...pods: readonly string[]): Promote => ({
  kind: 'promote',
  rule: 'own-reserved-is-free',
  tenant: 'a',
  pods,
  from: 'burst',
  to: 'reserved',
  amounts: amounts({ h100: 1_000 }),
})

test('of a gang nobody is evicted where one of it may not go', async () => {
  const world = await hands(running('p', 'burst'), running('q', 'burst'))
  world.blocked.add('uid-q')
  assert.equal((await world.carryOut(evict('uid-p', 'uid-q'))).kind, 'blocked')
  assert.deepEqual([world.leaving(), world.told()], [[], []])
  world.blocked.clear()
  assert.equal((await world.carryOut(evict('uid-p', 'uid-q'))).kind, 'done')
  assert.deepEqual(world.leaving(), ['p', 'q'])
})

test('what is done twice is told and counted once', async () => {
  const world = await hands(running('p', 'burst'))
  for (const step of [notify(world.clock.now() + 1_000, 'uid-p'), evict('uid-p')] satisfies readonly Step[]) {
    for (const _ of [1, 2]) assert.equal((await world.carryOut(step)).kind, 'done')
  }
  assert.deepEqual(world.told(), ['ReclaimNotice p', 'ReclaimedForFairness p'])
  assert.deepEqual([...world.past.withinTheHour(() => 'a')], [['a', 1]])
})

test('whoever is evicted has its own grace, and at most ten minutes', async () => {
  const spec = { terminationGracePeriodSeconds: 31_536_000 }
  const world = await hands(running('p', 'burst'), running('q', 'burst', 1, { spec }))
  await world.carryOut(evict('uid-p', 'uid-q'))
  const graceOf = (name: string) => fieldAt(world.byName(name), 'metadata', 'deletionGracePeriodSeconds')
  assert.deepEqual(['p', 'q'].map(graceOf), [30, 600])
})

test('another pod of the same name is left alone', async () => {
  const world = await hands(running('p', 'burst'))
  world.server.remove('p')
  const other = running('p', 'burst')
  world.server.put({ ...other, metadata: { ...(fieldAt(other, 'metadata') as JsonObject), uid: 'another' } })
  for (const step of [notify(1_000, 'uid-p'), evict('uid-p')]) assert.equal((await world.carryOut(step)).kind, 'stale')
  assert.deepEqual([world.noticed(), world.leaving(), world.told()], [[], [], []])
})

test('a pod that nobody has counted is stale', async () => {
  const world = await hands()
  assert.equal((await world.carryOut(evict('uid-nobody'))).kind, 'stale')
})

test('a promotion without room leaves the label and no claim', async () => {
  const world = await hands(running('own', 'reserved', 8), running('p', 'burst'))
  assert.equal((await world.carryOut(promote('uid-p'))).kind, 'stale')
  assert.equal(world.tierOf('p'), 'burst')
  assert.equal((await world.ledger()).claims.size, 0)
})

test('of several to be promoted, all or none have room', async () => {
  const world = await hands(running('own', 'reserved', 7), running('p', 'burst'), running('q', 'burst'))
  assert.equal((await world.carryOut(promote('uid-p', 'uid-q'))).kind, 'stale')
  assert.deepEqual([world.tierOf('p'), world.tierOf('q')], ['burst', 'burst'])
  assert.equal((await world.ledger()).claims.size, 0)
  assert.equal((await world.carryOut(promote('uid-p'))).kind, 'done')
  assert.equal(world.tierOf('p'), 'reserved')
})

test('annotations without room for the former tier keep no pod from being promoted', async () => {
  const world = await hands(running('p', 'burst', 1, { metadata: { annotations: { full: 'x'.repeat(262_120) } } }))
  assert.equal((await world.carryOut(promote('uid-p'))).kind, 'done')
  assert.equal(world.tierOf('p'), 'reserved')
  assert.equal((await world.ledger()).claims.size, 1, 'until it is counted there')
  assert.deepEqual(world.told(), ['Promoted p'])
})

test('the claim of a pod that is gone before it can be moved is let go', async () => {
  const world = await hands(running('p', 'burst'))
  world.server.remove('p')
  assert.equal((await world.carryOut(promote('uid-p'))).kind, 'stale')
  assert.equal((await world.ledger()).claims.size, 0)
})

test('holding and lapsing are changes of the ledger', async () => {
  const world = await hands()
  const claim = {
    tenant: 'a',
    tier: 'burst',
    amounts: amounts({ h100: 2_000 }),
    heldFor: { kind: 'owner', owner: 'owner' },
    untilMs: world.clock.now() + 60_000,
  } as const
  assert.equal((await world.carryOut({ kind: 'hold', rule: 'above-fair-share', need: 'need', claim })).kind, 'done')
  assert.equal(await world.held(), 'burst 2000 h100')
  const gang = { kind: 'lapse', rule: 'owner-came-back', ...OF_A, gang: 'a/nobody' } as const
  assert.equal((await world.carryOut(gang)).kind, 'done')
})

test('an API server that does not answer is a failure, and no exception', async () => {
  const world = await hands(running('p', 'burst'))
  world.setAway(true)
  for (const step of [notify(1_000, 'uid-p'), evict('uid-p')]) assert.equal((await world.carryOut(step)).kind, 'failed')
})

test('a gang whose patches hang takes no longer than one pod', async () => {
  const world = await hands(running('p', 'burst'), running('q', 'burst'), running('r', 'burst'))
  world.setHanging(true)
  const before = world.calls.length
  assert.equal((await world.carryOut(notify(1_000, 'uid-p', 'uid-q', 'uid-r'))).kind, 'failed')
  assert.equal(world.calls.length - before, 1)
})

test('a notice for which neither the annotations nor the events have room is not given', async () => {
  const metadata = { annotations: { full: 'x'.repeat(262_100) } }
  const world = await hands(running('p', 'burst', 1, { metadata }))
  world.refusesEvents(true)
  assert.equal((await world.carryOut(notify(1_000, 'uid-p'))).kind, 'failed')
  assert.equal(world.spoken('uid-p'), null)
  world.refusesEvents(false)
  for (const _ of ['new', 'there already']) assert.equal((await world.carryOut(notify(1_000, 'uid-p'))).kind, 'done')
  assert.deepEqual(world.spoken('uid-p'), { deadlineMs: 1_000, need: 'need' })
})

test('an event says what, why and for whom, in words that fit', async () => {
  const world = await hands(running('p', 'burst', 2))
  const need = {
    kind: 'refused',
    id: 'need',
    demand: {
      tenant: 'b',
      tier: 'burst',
      demand: OF_A.amounts,
      gang: undefined,
      owner: 'bits',
      name: `Job team-b/${'long'.repeat(200)}\n`,
      sinceMs: 0,
      lastMs: 0,
    },
  } as const
  await world.carryOut({ ...notify(Date.UTC(2026, 0, 1, 0, 5), 'uid-p'), rule: 'above-fair-share' }, need)
  const [event] = [...world.events.values()]
  const note = textAt(event, 'note') ?? ''
  assert.match(
    note,
    /^This pod is evicted at 2026-01-01T00:05:00.000Z or later, because it uses 2 h100 as burst and "Job team-b\/long/,
  )
  assert.match(note, / of tenant b was refused, which has less than its share \(above-fair-share\)\./)
  assert.ok(note.length <= 1_000 && /^[\x20-\x7e]*$/.test(note))
  assert.match(textAt(event, 'eventTime') ?? '', /\.\d{6}Z$/)
})
