/** The checker's own sums, against those of the quota engine: two ways to count the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { amount } from '../../../quantity/amount.ts'
import type { Book } from '../../../quota/book.ts'
import { openBook } from '../../../quota/book.ts'
import { roomIn } from '../../../quota/caps.ts'
import { decide } from '../../../quota/decide.ts'
import { charges, ledgerOf } from '../../../quota/ledger.ts'
import { compareShares, shareOf } from '../../../quota/share.ts'
import { bookOn, KEYS, present, type Scenario, STAMP, someDemand, someScenario } from '../../../quota/testing.ts'
import { potential } from '../../../quota/tree.ts'
import { available, used } from '../../../quota/usage.ts'
import { TIERS } from '../../../schema/parts.ts'
import { type Balance, balanceOf } from './balance.ts'
import { reachOf } from './capacity.ts'
import { roomAt, shortfalls } from './room.ts'
import { isBelowBy, portionOf } from './shares.ts'

const VIEWS = ['firm', 'total'] as const

const someWeight = fc.constantFrom(0n, 500_000_000n, 1_000_000_000n, 3_000_000_000n).map(nanos => ({ nanos }))
const somePods = fc.array(fc.record({ tenant: fc.nat(9), tier: fc.constantFrom(...TIERS), demand: someDemand }), {
  maxLength: 20,
})

const weighed = (scenario: Scenario, weights: readonly { readonly nanos: bigint }[]): Scenario => {
  const weightAt = (index: number) => present(weights[index % weights.length], 'weight')
  return {
    cohorts: scenario.cohorts.map((cohort, index) => ({ ...cohort, weight: weightAt(index) })),
    tenants: scenario.tenants.map((tenant, index) => ({ ...tenant, weight: weightAt(index + 1) })),
  }
}

/** Charges made under other quotas than those they are held against: limits may be passed, and tenants gone. */
const someBook: fc.Arbitrary<Book> = fc
  .tuple(someScenario, somePods, someScenario, fc.array(someWeight, { minLength: 1, maxLength: 4 }))
  .map(([former, pods, now, weights]) => {
    const before = bookOn(former.cohorts, former.tenants, 'c0')
    const { ledger } = pods.reduce((book, { tenant, tier, demand }, index) => {
      const { name } = present(former.tenants[tenant % former.tenants.length], 'tenant')
      return decide(book, { uid: `${index}`, tenant: name, tier, demand, namespace: 'n' }, STAMP).book
    }, before)
    const { cohorts, tenants } = weighed(now, weights)
    return bookOn(cohorts, tenants, 'c0', ledger)
  })

function forEveryBook(check: (book: Book, balance: Balance) => void): void {
  fc.assert(fc.property(someBook, book => check(book, balanceOf(book))))
}

function assertSame(book: Book, balance: Balance): void {
  for (const node of book.quota.tree.nodes) {
    for (const key of KEYS) {
      for (const view of VIEWS) {
        assert.equal(balance.used(view, node, key), used(book[view], node, key), `${view} ${node.name} ${key}`)
        assert.equal(roomAt(balance, view, node, key), available(book[view], node, key), `room ${view} ${node.name}`)
      }
      assert.equal(reachOf(balance.capacity(key), node, key), potential(node, key), `reach ${node.name} ${key}`)
    }
  }
}

test('what is used, what is left and what could be used are the same', () => forEveryBook(assertSame))

test('they stay the same while pods leave and come back', () => {
  forEveryBook((book, balance) => {
    const all = [...charges(book.ledger)]
    const [leaving, staying] = [all.filter((_, index) => index % 2 === 0), all.filter((_, index) => index % 2 === 1)]
    const copy = balance.copy()
    for (const charge of leaving) balance.change(charge, -1n)
    assertSame(openBook(book.quota, ledgerOf(staying)), balance)
    assertSame(book, copy)
    for (const charge of leaving) balance.change(charge, 1n)
    assertSame(book, balance)
  })
})

test('of two siblings the same one has the greater share', () => {
  forEveryBook((book, balance) => {
    const { nodes } = book.quota.tree
    for (const one of nodes.filter(({ parent }) => parent !== null)) {
      for (const other of nodes.filter(({ parent }) => parent === one.parent)) {
        const order = compareShares(shareOf(book.total, one, KEYS), shareOf(book.total, other, KEYS))
        const isBelow = isBelowBy(0, portionOf(balance, one, KEYS), portionOf(balance, other, KEYS))
        assert.equal(isBelow, order <= 0, `${one.name} and ${other.name}`)
      }
    }
  })
})

test('a margin is in thousandths of the greater share', () => {
  const share = (borrowed: bigint) => ({ borrowed, lendable: 1000n, weight: 1n })
  assert.equal(isBelowBy(100, share(90n), share(100n)), true)
  assert.equal(isBelowBy(100, share(91n), share(100n)), false)
})

test('something falls short exactly where a tenant has no room left by its limits and caps', () => {
  forEveryBook((book, balance) => {
    for (const tenant of book.quota.tenants.values()) {
      const capped = { ...tenant, spec: { ...tenant.spec, cap: amount(7) } }
      for (const tier of TIERS) {
        for (const key of tenant.spec.classes.keys()) {
          const isShort = roomIn(book, capped, tier, key) < 0n
          assert.equal(
            shortfalls(balance, capped, tier, [key]).length > 0,
            isShort,
            `${tenant.spec.name} ${tier} ${key}`,
          )
        }
      }
    }
  })
})
