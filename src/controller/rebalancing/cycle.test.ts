import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Book } from '../../quota/book.ts'
import { amend } from '../../quota/change.ts'
import { amounts, bookOn, cohort, manualClock, tenant, viewOf } from '../../quota/testing.ts'
import type { Evict, Plan, Step } from '../../rebalance/plan.ts'
import { pod, snapshotOf } from '../../rebalance/plans.testing.ts'
import type { Snapshot } from '../../rebalance/snapshot.ts'
import { type CycleDeps, runCycle } from './cycle.ts'
import type { Outcome } from './hands.ts'
import { hasMoved } from './moved.ts'
import { setbacks } from './setbacks.ts'

const COHORTS = [cohort('c', { a: { burst: 10 } })]
const TENANTS = [tenant('t', 'c', { a: {} }), tenant('u', 'c', { a: {} })]
const pods = (...uids: readonly string[]) =>
  uids.map(uid => ({ uid, tenant: 't', tier: 'burst', amounts: amounts({ a: 1 }), gang: null }) as const)
const bookWith = (...uids: readonly string[]) =>
  amend(bookOn(COHORTS, TENANTS, 'c'), { kind: 'recount', view: viewOf({ live: pods(...uids) }) })

const evict = (uid: string): Evict => ({
  kind: 'evict',
  rule: 'over-its-limit',
  need: 'need',
  tenant: 't',
  tier: 'burst',
  pods: [uid],
  amounts: amounts({ a: 1 }),
})
const lapse = { kind: 'lapse', rule: 'over-its-limit', need: 'need', tenant: 't', tier: 'burst', gang: 'g' } as const
const LAPSE: Step = { ...lapse, amounts: amounts({ a: 1 }) }

/** A cycle with this plan, during whose steps something happens. */
async function cycle(steps: readonly Step[], during: (step: Step, world: World) => void = () => {}) {
  const clock = manualClock()
  const before = bookWith('p', 'q', 'r')
  const world: World = { book: before, isOver: false, clock }
  const plan: Plan = { asOfMs: 0, steps, met: [], unmet: [] }
  const taken: string[] = []
  const snapshot: Snapshot = {
    nowMs: 0,
    book: before,
    pods: [],
    refused: [],
    nodes: null,
    disruptionsAllowed: new Map(),
    terms: new Map(),
    evictedLastHour: new Map(),
  }
  const deps: CycleDeps = {
    see: async () => ({ kind: 'seen', snapshot }),
    planOf: () => plan,
    planIssues: () => [],
    hands: {
      async carryOut(step) {
        taken.push(step.kind)
        during(step, world)
        return { kind: 'done' }
      },
    },
    setbacks: setbacks(clock),
    book: () => world.book,
    clock,
    isOver: () => world.isOver,
  }
  const report = await runCycle('c', deps)
  assert.ok(report.kind === 'carried-out')
  return { taken, abandoned: report.abandoned }
}

interface World {
  book: Book
  isOver: boolean
  readonly clock: ReturnType<typeof manualClock>
}

const THREE = [evict('p'), evict('q'), evict('r')]

test('every step is taken where nothing happens', async () => {
  assert.deepEqual(await cycle([LAPSE, ...THREE]), { taken: ['lapse', 'evict', 'evict', 'evict'], abandoned: null })
})

test('the rest of a plan is given up when somebody else has given back meanwhile', async () => {
  const given = await cycle(THREE, (_, world) => {
    world.book = bookWith('p', 'q')
  })
  assert.deepEqual(given, { taken: ['evict'], abandoned: 'moved' })
})

test('who comes meanwhile is no reason to give it up, and what its own steps free is none either', async () => {
  const came = await cycle(THREE, (_, world) => {
    world.book = bookWith('p', 'q', 'r', 's')
  })
  assert.equal(came.abandoned, null)
  const freed = await cycle([LAPSE, ...THREE], (step, world) => {
    if (step.kind === 'lapse') world.book = bookWith('p', 'q')
  })
  assert.equal(freed.abandoned, null)
})

test('it is given up when another replica leads, and when it has become old', async () => {
  const over = await cycle(THREE, (_, world) => {
    world.isOver = true
  })
  assert.deepEqual(over, { taken: ['evict'], abandoned: 'over' })
  const late = await cycle(THREE, (_, { clock }) => clock.advance(20_000))
  assert.deepEqual(late, { taken: ['evict', 'evict'], abandoned: 'late' })
})

test('limits that were compiled anew are the same limits, and others are others', () => {
  const before = bookWith('p')
  const withBurst = (burst: number) =>
    amend(bookOn([cohort('c', { a: { burst } })], TENANTS, 'c'), { kind: 'recount', view: viewOf({ live: pods('p') }) })
  assert.deepEqual([hasMoved(before, withBurst(10)), hasMoved(before, withBurst(11))], [false, true])
  const fewer = bookOn(COHORTS, TENANTS.slice(0, 1), 'c')
  assert.equal(hasMoved(bookOn(COHORTS, TENANTS, 'c'), fewer), true)
})

/** Cycles of one leader for notices to these pods, each in the namespace before its dash; calls in `slow` hang for five seconds. */
function leaderTelling(...uids: readonly string[]) {
  const clock = manualClock()
  const book = bookWith()
  const notices = uids.map(uid => ({ ...evict(uid), kind: 'notify' as const, deadlineMs: 0 }))
  const plan: Plan = { asOfMs: 0, steps: [...notices, LAPSE], met: [], unmet: [] }
  const seen = uids.map(uid => pod(uid, 't', { namespace: uid.split('-')[0] ?? '' }))
  const shared = setbacks(clock)
  return {
    clock,
    async told() {
      const told: string[] = []
      await runCycle('c', {
        see: async () => ({ kind: 'seen', snapshot: snapshotOf({ cohorts: COHORTS, tenants: TENANTS, pods: seen }) }),
        planOf: () => plan,
        planIssues: () => [],
        hands: {
          async carryOut(step): Promise<Outcome> {
            const name = 'pods' in step ? step.pods.join() : step.kind
            told.push(name)
            if (!name.startsWith('slow')) return { kind: 'done' }
            clock.advance(5_000)
            return { kind: 'failed', cause: new Error('nobody answers') }
          },
        },
        setbacks: shared,
        book: () => book,
        clock,
        isOver: () => false,
      })
      return told.join(' ')
    },
  }
}

const SLOW = ['slow-1', 'slow-2', 'slow-3', 'slow-4', 'slow-5', 'slow-6', 'slow-7']

test('where calls hang in one namespace, all other steps are taken in the same cycle, in their order', async () => {
  const leader = leaderTelling(...SLOW, 'fast-1', 'fast-2')
  assert.equal(await leader.told(), 'slow-1 fast-1 fast-2 lapse slow-2 slow-3 slow-4 slow-5 slow-6')
})

test('those that failed come last in the next cycles, and have their place again after two minutes', async () => {
  const leader = leaderTelling('slow-1', 'slow-2', 'fast-1')
  await leader.told()
  assert.equal(await leader.told(), 'fast-1 lapse slow-1 slow-2')
  leader.clock.advance(120_000)
  assert.equal(await leader.told(), 'slow-1 fast-1 lapse slow-2')
})
