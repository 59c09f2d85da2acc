import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TIERS, type Tier } from '../schema/parts.ts'
import type { Charge } from './ledger.ts'
import { standingsOf } from './standing.ts'
import { amounts, cohort, compiled, type Scenario, someDemand, someScenario, tenant } from './testing.ts'
import type { Quotas } from './tiers.ts'
import type { Amounts } from './usage.ts'
import { isHarmless, type WhatIf, whatIf } from './what-if.ts'

function chargeOf(index: number, name: string, tier: Tier, held: Amounts): Charge {
  const uid = `u${index}`
  return { uid, tenant: name, tier, amounts: held, gang: null, expiresAtMs: 1000, bookedBy: 'running' }
}

const held = (...parts: readonly (readonly [tenant: string, tier: Tier, gpus: number])[]) =>
  parts.map(([name, tier, gpus], index) => chargeOf(index, name, tier, amounts({ gpu: gpus })))

const COHORTS = [cohort('c', { gpu: { shared: 4, burst: 4 } }), cohort('d', { gpu: { burst: 2 } })]
const BEFORE = compiled(COHORTS, [
  tenant('t', 'c', { gpu: { reserved: 8, burstLimit: 6 } }),
  tenant('u', 'c', { gpu: { reserved: 4, sharedMax: 0, burstLimit: 4 } }),
])

function overOf({ over }: WhatIf): Readonly<Record<string, number>> {
  return Object.fromEntries(over.map(({ tenant, tier, after }) => [`${tenant} ${tier}`, Number(after.over)]))
}

test('a cut says whose limit goes from what to what, and who is over by how much', () => {
  const after = compiled(COHORTS, [
    tenant('t', 'c', { gpu: { reserved: 5, burstLimit: 2 } }),
    tenant('u', 'c', { gpu: { reserved: 4, sharedMax: 0, burstLimit: 4 } }),
  ])
  const change = whatIf(BEFORE, after, held(['t', 'reserved', 7], ['t', 'burst', 3]))
  assert.deepEqual(overOf(change), { 't reserved': 2, 't burst': 1 })
  const [first] = change.changed
  const sides = [first?.before, first?.after].map(side => side && [side.limit, side.used, side.available].map(Number))
  assert.deepEqual([first?.tenant, first?.tier, ...sides], ['t', 'reserved', [8, 7, 1], [5, 7, 0]])
  assert.equal(isHarmless(change), false)
})

test('a cut that nobody uses changes numbers and harms nobody', () => {
  const after = compiled(COHORTS, [
    tenant('t', 'c', { gpu: { reserved: 7, burstLimit: 6 } }),
    tenant('u', 'c', { gpu: { reserved: 4, sharedMax: 0, burstLimit: 4 } }),
  ])
  const change = whatIf(BEFORE, after, held(['t', 'reserved', 7]))
  assert.equal(isHarmless(change), true)
  assert.ok(change.changed.some(({ tenant, tier }) => tenant === 't' && tier === 'reserved'))
})

test('a tenant that moves to another tree takes its charges along', () => {
  const after = compiled(COHORTS, [
    tenant('t', 'd', { gpu: { reserved: 8, burstLimit: 6 } }),
    tenant('u', 'c', { gpu: { reserved: 4, sharedMax: 0, burstLimit: 4 } }),
  ])
  const change = whatIf(BEFORE, after, held(['t', 'reserved', 6], ['u', 'reserved', 1]))
  const moved = change.changed.find(({ tenant, tier }) => tenant === 't' && tier === 'reserved')
  assert.deepEqual([moved?.before?.cohort, moved?.after?.cohort, moved?.after?.used], ['c', 'd', 6n])
  assert.equal(isHarmless(change), true)
})

test('a tenant that moves where its burst has no room is over', () => {
  const after = compiled(COHORTS, [
    tenant('t', 'd', { gpu: { burstLimit: 6 } }),
    tenant('u', 'c', { gpu: { reserved: 4, sharedMax: 0, burstLimit: 4 } }),
  ])
  const change = whatIf(BEFORE, after, held(['t', 'burst', 5]))
  assert.deepEqual(overOf(change), { 't burst': 3 })
  assert.deepEqual(
    change.oversubscribed.map(({ after }) => [after.cohort, Number(after.reclaimable)]),
    [['d', 3]],
  )
})

test('a tenant that is no longer defined leaves what it holds, wherever its tree is', () => {
  const rest = [tenant('u', 'c', { gpu: { reserved: 4, sharedMax: 0, burstLimit: 4 } })]
  for (const cohorts of [COHORTS, [cohort('c', { gpu: {} })]]) {
    const change = whatIf(BEFORE, compiled(cohorts, rest), held(['t', 'reserved', 6], ['t', 'reserved', 1]))
    assert.deepEqual(change.orphans, [{ tenant: 't', class: 'gpu', tier: 'reserved', used: 7n }])
    assert.equal(isHarmless(change), false)
  }
})

test('a namespace that changes hands is told', () => {
  const after = compiled(COHORTS, [
    tenant('t', 'c', { gpu: { reserved: 8, burstLimit: 6 } }, { namespaces: ['t', 'new'] }),
    tenant('u', 'c', { gpu: { reserved: 4, sharedMax: 0, burstLimit: 4 } }, { namespaces: [] }),
  ])
  assert.deepEqual(whatIf(BEFORE, after, []).moves, [
    { namespace: 'new', before: null, after: 't' },
    { namespace: 'u', before: 'u', after: null },
  ])
})

const someHeld = fc.array(fc.record({ tenant: fc.nat(3), tier: fc.constantFrom<Tier>(...TIERS), demand: someDemand }), {
  maxLength: 12,
})

function quotasOf({ cohorts, tenants }: Scenario): Quotas {
  return compiled(cohorts, tenants)
}

test('property: quotas that stay as they are change nothing, whatever is used', () => {
  fc.assert(
    fc.property(someScenario, someHeld, (scenario, drafts) => {
      const charges = drafts.map(({ tenant, tier, demand }, index) =>
        chargeOf(index, `t${tenant % scenario.tenants.length}`, tier, demand),
      )
      const { books: _, ...change } = whatIf(quotasOf(scenario), quotasOf(scenario), charges)
      assert.deepEqual(change, { changed: [], over: [], oversubscribed: [], orphans: [], moves: [] })
    }),
  )
})

test('property: whatever is held is somewhere afterwards, at its tenant or as an orphan', () => {
  fc.assert(
    fc.property(someScenario, someScenario, someHeld, (before, after, drafts) => {
      const charges = drafts.map(({ tenant, tier, demand }, index) =>
        chargeOf(index, `t${tenant % before.tenants.length}`, tier, demand),
      )
      const future = quotasOf(after)
      const change = whatIf(quotasOf(before), future, charges)
      const orphaned = change.orphans.reduce((sum, { used }) => sum + used, 0n)
      const kept = [...change.books.after.values()].flatMap(standingsOf).reduce((sum, { used }) => sum + used, 0n)
      assert.equal(kept + orphaned, totalOf(charges))
      assert.equal(orphaned, totalOf(charges.filter(({ tenant }) => !future.treeOfTenant.has(tenant))))
    }),
  )
})

function totalOf(charges: readonly Charge[]): bigint {
  return charges.flatMap(({ amounts }) => [...amounts.values()]).reduce((sum, one) => sum + one, 0n)
}
