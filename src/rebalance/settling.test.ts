/** Plans carried out one after the other: they come to an end, nobody takes turns, and who is entitled runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { subtract, ZERO } from '../quantity/amount.ts'
import { KEYS, type Scenario, someScenario } from '../quota/testing.ts'
import { quotaAt } from '../quota/tree.ts'
import { used } from '../quota/usage.ts'
import { TIERS } from '../schema/parts.ts'
import { planIssues } from './check/plan-issues.ts'
import { someRivals } from './contests.testing.ts'
import { planOf } from './plan-of.ts'
import type { Snapshot } from './snapshot.ts'
import { type World, worldOf } from './world.testing.ts'

const someAsking = fc.record({
  tenant: fc.nat(9),
  tier: fc.constantFrom('auto' as const, ...TIERS, 'burst' as const),
  key: fc.constantFrom(...KEYS),
  size: fc.integer({ min: 1, max: 3 }),
})

type SomeAsking = typeof someAsking extends fc.Arbitrary<infer V> ? V : never

const someStory = fc.record({
  scenario: fc.oneof(someScenario, someRivals),
  weights: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 6, maxLength: 6 }),
  first: fc.array(someAsking, { minLength: 4, maxLength: 14 }),
  later: fc.array(someAsking, { minLength: 1, maxLength: 8 }),
  marginPerMille: fc.constantFrom(0, 100, 300),
})

// A need takes a notice, an eviction and the owner's next try; each of at most 22 pods can lead to a few.
const MOST_CYCLES = 200
const CYCLE_MS = 61_000

test('plans come to an end; then nobody who is entitled waits while somebody borrows what is theirs', () => {
  let evictions = 0
  fc.assert(
    fc.property(someStory, ({ scenario, weights, first, later, marginPerMille }) => {
      const weighted = withWeights(scenario, weights)
      const world = worldOf(weighted, { marginPerMille })
      for (const [at, asking] of first.entries()) create(world, weighted, asking, `f${at}`)
      world.pass(CYCLE_MS)
      for (const [at, asking] of later.entries()) create(world, weighted, asking, `t${at}`)
      const cycles = settle(world)
      assert.ok(cycles < MOST_CYCLES, 'the plans go on')
      assert.deepEqual(waitingInVain(world.snapshot()), [])
      // Who has too much of a pool may have too little burst: to give of the one and get of the other is no turn.
      for (const { victim, claimant, class: key, tier } of world.taken) {
        const isReturned = world.taken.some(
          other => other.victim === claimant && other.claimant === victim && other.class === key && other.tier === tier,
        )
        assert.ok(!isReturned, `${victim} and ${claimant} take turns`)
      }
      evictions += world.taken.length
    }),
    { numRuns: Number(process.env.SLUICE_PLAN_RUNS ?? 100) },
  )
  assert.ok(evictions > 0, 'some of the random stories evict somebody for another')
})

function create(world: World, { tenants }: Scenario, { tenant, tier, key, size }: SomeAsking, uid: string): void {
  const { name } = tenants[tenant % tenants.length] ?? { name: '' }
  world.create({ uid, tenant: name, tier, asks: { [key]: size } })
}

/** How many cycles it takes until plans have no steps and nobody waits for a deadline. */
function settle(world: World): number {
  for (let cycle = 0; cycle < MOST_CYCLES; cycle += 1) {
    const snapshot = world.snapshot()
    const plan = planOf(snapshot)
    assert.deepEqual(planIssues(snapshot, plan), [])
    if (
      plan.steps.length === 0 &&
      snapshot.book.ledger.claims.size === 0 &&
      snapshot.pods.every(({ notice }) => notice === null)
    )
      return cycle
    world.carryOut(plan)
    world.pass(CYCLE_MS)
  }
  return MOST_CYCLES
}

function withWeights({ cohorts, tenants }: Scenario, weights: readonly number[]): Scenario {
  const weightAt = (at: number) => ({ nanos: BigInt(weights[at % weights.length] ?? 1) * 1_000_000_000n })
  return { cohorts, tenants: tenants.map((tenant, at) => ({ ...tenant, weight: weightAt(at) })) }
}

/** Pods without capacity although burst holds more than what is left over. */
function waitingInVain({ book, pods }: Snapshot): readonly string[] {
  const { root } = book.quota.tree
  const isOver = KEYS.some(key => {
    const beyond = subtract(used(book.total, root, key), quotaAt(root, key).subtree)
    const ofBurst = subtract(used(book.total, root, key), used(book.firm, root, key))
    return beyond > ZERO && ofBurst > ZERO
  })
  return isOver ? pods.filter(({ node, tier }) => node === null && tier !== 'burst').map(({ uid }) => uid) : []
}
