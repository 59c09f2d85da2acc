import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Amount, amount } from '../quantity/amount.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import type { Book } from './book.ts'
import { roomIn } from './caps.ts'
import { decide } from './decide.ts'
import { explain } from './explain.ts'
import { holdingOf } from './holding.ts'
import type { TenantSpec } from './spec.ts'
import { amounts, bookOn, cohort, request, STAMP, someDemand, someScenario, tenant, tenantNamed } from './testing.ts'

test('a cap spans tiers, and over all classes it spans classes', () => {
  const cohorts = [cohort('c', { a: { shared: 9, burst: 9 }, b: { burst: 9 } })]
  const capped = tenant('t', 'c', { a: { reserved: 4, cap: 6 }, b: {} }, { cap: amount(8) })
  let book = bookOn(cohorts, [capped], 'c')
  const asked = [
    { demand: { a: 4 }, want: 'reserved' },
    { demand: { a: 3 }, want: 'refused' },
    { demand: { a: 2 }, want: 'shared' },
    { demand: { a: 1 }, want: 'refused' },
    { demand: { b: 3 }, want: 'refused' },
    { demand: { b: 2 }, want: 'burst' },
    { demand: { b: 1 }, want: 'refused' },
  ]
  for (const [index, { demand, want }] of asked.entries()) {
    const decided = decide(book, request(`${index}`, 't', demand), STAMP)
    const { outcome } = decided
    assert.equal(outcome.kind === 'charged' ? outcome.charge.tier : outcome.kind, want, JSON.stringify(demand))
    book = decided.book
  }
})

test("a tenant's own burst never stands between it and its reservation, although the cap is passed then", () => {
  const cohorts = [cohort('c', { a: { burst: 9 } })]
  const capped = tenant('t', 'c', { a: { reserved: 4, cap: 6 } })
  const empty = bookOn(cohorts, [capped], 'c')
  const full = decide(empty, request('1', 't', { a: 6 }, 'burst'), STAMP).book
  assert.equal(decide(full, request('2', 't', { a: 4 }, 'reserved'), STAMP).outcome.kind, 'charged')
})

const someCap = fc.option(fc.integer({ min: 0, max: 14 }).map(amount), { freq: 2 })

test('a request is admitted where it fits without caps and no cap is passed, and the explanation says how much would be', () => {
  const someAsk = fc.record({ owner: fc.nat(3), tier: fc.constantFrom(...TIERS), demand: someDemand })
  fc.assert(
    fc.property(
      someScenario,
      fc.array(fc.tuple(someCap, someCap), { minLength: 4, maxLength: 4 }),
      fc.array(someAsk, { maxLength: 15 }),
      ({ cohorts, tenants }, caps, asks) => {
        const capped = tenants.map((spec, index) => withCaps(spec, caps[index] ?? [null, null]))
        let book = bookOn(cohorts, capped, 'c0')
        const free = (of: Book) => bookOn(cohorts, tenants, 'c0', of.ledger)
        for (const [index, { owner, tier, demand }] of asks.entries()) {
          const spec = capped[owner % capped.length]
          if (spec === undefined) continue
          const asked = { uid: `${index}`, tenant: spec.name, namespace: 'n', tier, demand }
          const decided = decide(book, asked, STAMP)
          const fitsTree = decide(free(book), asked, STAMP).outcome.kind
          const want = fitsTree === 'charged' && !isCapped(book, spec, tier, demand) ? 'charged' : 'refused'
          if (decided.outcome.kind !== 'barred') assert.equal(decided.outcome.kind, want)
          if (decided.outcome.kind === 'refused') checkSizes(book, spec, tier, demand)
          book = decided.book
        }
      },
    ),
  )
})

/** Counted anew from what the tenant holds: whether its caps leave no room. */
function isCapped({ ledger }: Book, spec: TenantSpec, tier: Tier, demand: ReadonlyMap<string, Amount>): boolean {
  const held = holdingOf(ledger.held, spec.name)
  const beside = TIERS.filter(each => each !== 'burst' || tier === 'burst')
  const holds = (key: string) => beside.reduce((total, each) => total + (held[each].get(key) ?? 0n), 0n)
  const inAll = ['a', 'b'].reduce((total, key) => total + holds(key), 0n)
  const asks = [...demand.values()].reduce((total, one) => total + one, 0n)
  const isOverAll = spec.cap !== null && [...demand.values()].some(one => one > 0n) && inAll + asks > spec.cap
  return (
    isOverAll || [...demand].some(([key, one]) => one > 0n && holds(key) + one > (spec.classes.get(key)?.cap ?? 99n))
  )
}

function checkSizes(book: Book, spec: TenantSpec, tier: Tier, demand: ReadonlyMap<string, Amount>): void {
  const known = tenantNamed(book.quota, spec.name)
  const { largest } = explain(book, known, { tenant: spec.name, tier, demand })
  for (const key of spec.classes.keys()) {
    const room = Array.from({ length: 60 }, (_, size) => size).filter(size => {
      const asked = { uid: 'probe', tenant: spec.name, namespace: 'n', tier, demand: amounts({ [key]: size }) }
      return decide(book, asked, STAMP).outcome.kind === 'charged'
    })
    assert.equal(largest.get(key)?.[tier], BigInt(room.at(-1) ?? 0))
    const left = roomIn(book, known, tier, key)
    assert.equal(left > 0n ? left : 0n, BigInt(room.at(-1) ?? 0))
  }
}

function withCaps(spec: TenantSpec, [cap, ofClass]: readonly (Amount | null)[]): TenantSpec {
  const classes = [...spec.classes].map(([key, limits]) => [key, { ...limits, cap: ofClass ?? null }] as const)
  return { ...spec, cap: cap ?? null, classes: new Map(classes) }
}
