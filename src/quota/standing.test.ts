import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { amount, ZERO } from '../quantity/amount.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import { type Book, openBook } from './book.ts'
import { amend } from './change.ts'
import type { Claim } from './claim.ts'
import { decide } from './decide.ts'
import { type Charge, ledgerOf } from './ledger.ts'
import type { QuotaTree } from './quota-tree.ts'
import type { CohortSpec, TenantSpec } from './spec.ts'
import { orphansOf, oversubscriptionsOf, type Standing, standingsOf } from './standing.ts'
import {
  amounts,
  bookOn,
  cohort,
  compiled,
  request,
  type Scenario,
  STAMP,
  someDemand,
  someScenario,
  tenant,
  tenantNamed,
  treeNamed,
} from './testing.ts'
import type { Amounts } from './usage.ts'

type Held = readonly (readonly [tenant: string, tier: Tier, gpus: number])[]

function chargesOf(held: Held): readonly Charge[] {
  return held.map(([name, tier, gpus], index) => chargeOf(index, name, tier, amounts({ gpu: gpus })))
}

function chargeOf(index: number, name: string, tier: Tier, held: Amounts): Charge {
  const uid = `u${index}`
  return { uid, tenant: name, tier, amounts: held, gang: null, expiresAtMs: 1000, bookedBy: 'running' }
}

function bookOf(cohorts: readonly CohortSpec[], tenants: readonly TenantSpec[], held: Held): Book {
  return bookOn(cohorts, tenants, 'c', ledgerOf(chargesOf(held)))
}

function numbersOf(standings: readonly Standing[]): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(
    standings.map(({ tenant, tier, used, limit, available, over }) => {
      return [`${tenant} ${tier}`, [used, limit, available, over].map(Number)]
    }),
  )
}

test('what is claimed stands beside what is used, takes room from others, and oversubscribes nobody', () => {
  const tenants = [tenant('t', 'c', { gpu: {} }), tenant('u', 'c', { gpu: {} })]
  const used = bookOf([cohort('c', { gpu: { burst: 8 } })], tenants, [['u', 'burst', 6]])
  const heldFor = { kind: 'owner', owner: 'job' } as const
  const claim: Claim = { tenant: 't', tier: 'burst', amounts: amounts({ gpu: 4 }), heldFor, untilMs: 1 }
  const book = amend(used, { kind: 'claim', claim })
  const burst = standingsOf(book).filter(({ tier }) => tier === 'burst')
  assert.deepEqual(
    burst.map(one => [one.tenant, ...[one.used, one.claimed, one.available, one.over].map(Number)]),
    [
      ['t', 0, 4, 0, 0],
      ['u', 6, 0, 0, 2],
    ],
  )
  assert.deepEqual(oversubscriptionsOf(book), [])
})

const POOLS = [cohort('c', { gpu: { shared: 4, burst: 2 } })]

test('a tenant’s standing is what it uses, its limit, what still fits, and what is over, tier by tier', () => {
  const tenants = [tenant('t', 'c', { gpu: { reserved: 8, sharedMax: 3, burstLimit: 6 } })]
  const book = bookOf(POOLS, tenants, [
    ['t', 'reserved', 6],
    ['t', 'burst', 1],
  ])
  assert.deepEqual(numbersOf(standingsOf(book)), {
    't reserved': [6, 8, 2, 0],
    't shared': [0, 3, 3, 0],
    't burst': [1, 6, 5, 0],
  })
})

test('what a cut leaves above the own limit of reserved and shared use is over, and nothing fits', () => {
  const tenants = [tenant('t', 'c', { gpu: { reserved: 2, sharedMax: 1, burstLimit: 0 } })]
  const book = bookOf(POOLS, tenants, [
    ['t', 'reserved', 6],
    ['t', 'shared', 3],
  ])
  const { 't reserved': reserved, 't shared': shared } = numbersOf(standingsOf(book))
  assert.deepEqual(
    [reserved, shared],
    [
      [6, 2, 0, 4],
      [3, 1, 0, 2],
    ],
  )
})

test('burst is over by what its owners use of what it stands on, and each borrower by all of it', () => {
  const tenants = [
    tenant('owner', 'c', { gpu: { reserved: 8, sharedMax: 0, burstLimit: 0 } }),
    tenant('x', 'c', { gpu: { sharedMax: 0 } }),
    tenant('y', 'c', { gpu: { sharedMax: 0 } }),
  ]
  // 14 in all: 8 of the owner, 4 of the pool, 2 for burst. Burst holds 10 and the owner takes 7 of its 8.
  const book = bookOf(POOLS, tenants, [
    ['owner', 'reserved', 7],
    ['x', 'burst', 8],
    ['y', 'burst', 2],
  ])
  const { 'x burst': x, 'y burst': y, 'owner reserved': owner } = numbersOf(standingsOf(book))
  assert.deepEqual([x?.[3], y?.[3], owner?.[3]], [3, 2, 0])
  assert.deepEqual(oversubscriptionsOf(book), [
    { kind: 'cohort', cohort: 'c', class: 'gpu', used: 17n, limit: 14n, reclaimable: 3n, stuck: 0n },
  ])
})

test('a pool that was cut below its use is stuck, although no tenant is over its own limit', () => {
  const tenants = ['x', 'y'].map(name => tenant(name, 'c', { gpu: {} }))
  const book = bookOf(POOLS, tenants, [
    ['x', 'shared', 4],
    ['y', 'shared', 3],
  ])
  assert.deepEqual(
    standingsOf(book).filter(({ tier, over }) => tier === 'shared' && over > ZERO),
    [],
  )
  const [pool] = oversubscriptionsOf(book).filter(({ kind }) => kind === 'pool')
  assert.deepEqual(pool, { kind: 'pool', cohort: 'c', class: 'gpu', used: 7n, limit: 4n, reclaimable: 0n, stuck: 3n })
})

test('a class that a tenant uses and has no quota for is told, with nothing that fits', () => {
  const tenants = [tenant('t', 'c', { other: { reserved: 1 } })]
  const book = bookOf([cohort('c', { gpu: { burst: 9 }, other: {} })], tenants, [['t', 'burst', 2]])
  const standings = standingsOf(book).filter(standing => standing.class === 'gpu')
  assert.deepEqual(numbersOf(standings)['t burst'], [2, 0, 0, 2])
})

test('what an unknown tenant holds is an orphan of its tree', () => {
  const book = bookOf(POOLS, [tenant('t', 'c', { gpu: {} })], [['gone', 'reserved', 3]])
  assert.deepEqual(orphansOf(book), [{ tenant: 'gone', class: 'gpu', tier: 'reserved', used: 3n }])
})

const someHeld = fc.array(fc.record({ tenant: fc.nat(3), tier: fc.constantFrom<Tier>(...TIERS), demand: someDemand }), {
  maxLength: 12,
})

/** Charges that nobody has judged, as cuts of quotas leave them. */
function forced(
  { tenants }: Scenario,
  held: readonly { tenant: number; tier: Tier; demand: Amounts }[],
): readonly Charge[] {
  return held.map(({ tenant: index, tier, demand }, place) =>
    chargeOf(place, `t${index % tenants.length}`, tier, demand),
  )
}

function onlyTree({ cohorts, tenants }: Scenario): QuotaTree {
  return treeNamed(compiled(cohorts, tenants), 'c0')
}

test('property: the limit of a reservation is its size, and it is over by what is used past it', () => {
  fc.assert(
    fc.property(someScenario, someHeld, (scenario, held) => {
      const book = openBook(onlyTree(scenario), ledgerOf(forced(scenario, held)))
      for (const one of standingsOf(book).filter(({ tier }) => tier === 'reserved')) {
        const size = tenantNamed(book.quota, one.tenant).spec.classes.get(one.class)?.reserved ?? ZERO
        assert.equal(one.limit, size)
        assert.equal(one.over, one.used > size ? one.used - size : 0n)
      }
    }),
  )
})

test('property: a borrower that gives back what it is over by is over no more', () => {
  fc.assert(
    fc.property(someScenario, someHeld, (scenario, held) => {
      const charges = forced(scenario, held)
      const tree = onlyTree(scenario)
      for (const one of standingsOf(openBook(tree, ledgerOf(charges)))) {
        if (one.tier !== 'burst' || one.over === ZERO) continue
        const others = charges.map(charge => without(charge, one))
        const kept = chargeOf(charges.length, one.tenant, 'burst', new Map([[one.class, amount(one.used - one.over)]]))
        const after = standingsOf(openBook(tree, ledgerOf([...others, kept])))
        const again = after.find(
          other => other.tenant === one.tenant && other.class === one.class && other.tier === 'burst',
        )
        assert.equal(again?.over ?? ZERO, 0n)
      }
    }),
  )
})

function without(charge: Charge, { tenant: name, class: key, tier }: Standing): Charge {
  if (charge.tenant !== name || charge.tier !== tier) return charge
  return { ...charge, amounts: new Map([...charge.amounts].filter(([other]) => other !== key)) }
}

test('property: what admission has charged is never stuck, and nothing is over but burst', () => {
  const asks = fc.array(fc.record({ tenant: fc.nat(3), demand: someDemand }), { maxLength: 15 })
  fc.assert(
    fc.property(someScenario, asks, ({ cohorts, tenants }, drafts) => {
      const empty = bookOn(cohorts, tenants, 'c0')
      const book = drafts.reduce((running, { tenant: index, demand }, place) => {
        const ask = { ...request(`u${place}`, `t${index % tenants.length}`, {}), demand }
        return decide(running, ask, STAMP).book
      }, empty)
      for (const { stuck, reclaimable, used, limit } of oversubscriptionsOf(book)) {
        assert.equal(stuck, 0n)
        assert.equal(reclaimable, used - limit)
      }
      for (const { tier, over } of standingsOf(book)) if (tier !== 'burst') assert.equal(over, 0n)
    }),
  )
})
