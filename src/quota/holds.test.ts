import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Book, openBook } from './book.ts'
import { decide, firstFit } from './decide.ts'
import { type Peek, softHolds } from './holds.ts'
import { EMPTY_LEDGER } from './ledger.ts'
import {
  amounts,
  bookOn,
  cohort,
  compiled,
  present,
  STAMP,
  someDemand,
  someScenario,
  tenant,
  tenantNamed,
  treeNamed,
} from './testing.ts'

const LASTING_MS = 3000
const wet = (nowMs: number) => ({ nowMs, isDryRun: false })

// 4 reserved of t, 4 in the pool, 4 to burst into; u shares the pool and the burst.
const BOOK = openBook(
  treeNamed(
    compiled(
      [cohort('c', { gpu: { shared: 4, burst: 4 } })],
      [tenant('t', 'c', { gpu: { reserved: 4, lendingLimit: 0 } }), tenant('u', 'c', { gpu: {} })],
    ),
    'c',
  ),
  EMPTY_LEDGER,
)

test('a burst of creates cascades through the tiers, those of other tenants included', () => {
  const holds = softHolds(LASTING_MS)
  const next = (of: string) => holds.peek(BOOK, pod(of, 4), wet(0))
  assert.deepEqual(['t', 't', 'u', 't'].map(next), ['reserved', 'shared', 'burst', 'reserved'])
})

test('when holds leave no room anywhere, the answer is as if there were none', () => {
  const holds = softHolds(LASTING_MS)
  const tiers = Array.from({ length: 5 }, () => holds.peek(BOOK, pod('u', 4), wet(0)))
  assert.deepEqual(tiers, ['shared', 'burst', 'shared', 'shared', 'shared'])
})

test('what does not fit without holds either gets no tier, and neither does what is not allowed', () => {
  const holds = softHolds(LASTING_MS)
  assert.equal(holds.peek(BOOK, pod('t', 9), wet(0)), null)
  assert.equal(holds.peek(BOOK, pod('nobody', 1), wet(0)), null)
  assert.equal(holds.peek(BOOK, { ...pod('t', 1), demand: amounts({ tpu: 1 }) }, wet(0)), null)
  assert.equal(holds.peek(BOOK, pod('t', 4), wet(0)), 'reserved', 'and none of them is remembered')
})

test('a pod that names its tier keeps it, and is remembered there', () => {
  const holds = softHolds(LASTING_MS)
  assert.equal(holds.peek(BOOK, { ...pod('t', 4), tier: 'shared' }, wet(0)), 'shared')
  assert.equal(holds.peek(BOOK, pod('u', 4), wet(0)), 'burst')
})

test('a hold ends by itself', () => {
  const holds = softHolds(LASTING_MS)
  const at = (nowMs: number) => holds.peek(BOOK, pod('t', 4), wet(nowMs))
  assert.deepEqual([0, 1, LASTING_MS - 1, LASTING_MS].map(at), ['reserved', 'shared', 'burst', 'reserved'])
})

test('a hold ends when a pod like it was decided, and only one does', () => {
  const holds = softHolds(LASTING_MS)
  const next = () => holds.peek(BOOK, pod('t', 2), wet(0))
  assert.deepEqual([next(), next(), next()], ['reserved', 'reserved', 'shared'])
  holds.consume({ ...pod('t', 2), tier: 'reserved' })
  assert.deepEqual([next(), next()], ['reserved', 'shared'])
})

test('a pod that is not like any hold consumes none', () => {
  const holds = softHolds(LASTING_MS)
  holds.peek(BOOK, pod('t', 4), wet(0))
  for (const other of [
    { ...pod('t', 4), tier: 'shared' as const },
    { ...pod('t', 4), tier: 'reserved' as const, namespace: 'elsewhere' },
    { ...pod('t', 3), tier: 'reserved' as const },
    { ...pod('u', 4), tier: 'reserved' as const },
  ]) {
    holds.consume(other)
  }
  assert.equal(holds.peek(BOOK, pod('t', 4), wet(0)), 'shared')
})

test('a dry run sees holds and leaves none', () => {
  const holds = softHolds(LASTING_MS)
  const dry = () => holds.peek(BOOK, pod('t', 4), { nowMs: 0, isDryRun: true })
  assert.deepEqual([dry(), dry()], ['reserved', 'reserved'])
  holds.peek(BOOK, pod('t', 4), wet(0))
  assert.equal(dry(), 'shared')
})

test('burst that is held does not stand in the way of those entitled', () => {
  const holds = softHolds(LASTING_MS)
  const lending = tenant('t', 'c', { gpu: { reserved: 4 } })
  const quotas = compiled([cohort('c', { gpu: { shared: 4 } })], [lending, tenant('u', 'c', { gpu: {} })])
  const book = openBook(treeNamed(quotas, 'c'), EMPTY_LEDGER)
  assert.equal(holds.peek(book, { ...pod('u', 8), tier: 'burst' }, wet(0)), 'burst')
  assert.equal(holds.peek(book, pod('t', 4), wet(0)), 'reserved')
  assert.equal(holds.peek(book, pod('t', 4), wet(0)), 'shared')
})

test('a tier is foretold exactly when the charge would fit, and all is as before once holds are gone', () => {
  const someHistory = fc.array(fc.record({ tenant: fc.nat(9), demand: someDemand, charge: fc.boolean() }), {
    maxLength: 12,
  })
  fc.assert(
    fc.property(someScenario, someHistory, ({ cohorts, tenants }, history) => {
      const holds = softHolds(LASTING_MS)
      let book: Book = bookOn(cohorts, tenants, 'c0')
      for (const [index, { tenant: at, demand, charge }] of history.entries()) {
        const spec = present(tenants[at % tenants.length], 'tenant')
        const allowed = new Map([...demand].filter(([key]) => spec.classes.has(key)))
        const one: Peek = { tenant: spec.name, namespace: 'n', tier: 'auto', demand: allowed }
        const fits = firstFit(book, tenantNamed(book.quota, spec.name), one)
        const tier = holds.peek(book, one, wet(0))
        assert.equal(tier === null, fits === undefined, 'a hold never takes the place of a charge')
        if (tier === null || !charge) continue
        const decided = decide(book, { ...one, tier, uid: `${index}` }, STAMP)
        assert.equal(decided.outcome.kind, 'charged', 'what was foretold fits')
        book = decided.book
        holds.consume({ ...one, tier })
      }
      // Long after, only what was charged counts.
      const spec = present(tenants[0], 'tenant')
      const probe: Peek = { tenant: spec.name, namespace: 'n', tier: 'auto', demand: new Map() }
      for (const key of spec.classes.keys()) {
        const one = { ...probe, demand: amounts({ [key]: 1 }) }
        const want = firstFit(book, tenantNamed(book.quota, spec.name), one) ?? null
        assert.equal(holds.peek(book, one, { nowMs: 2 * LASTING_MS, isDryRun: true }), want)
      }
    }),
  )
})

function pod(ofTenant: string, gpu: number): Peek & { readonly tier: 'auto' } {
  return { tenant: ofTenant, namespace: ofTenant, tier: 'auto', demand: amounts({ gpu }) }
}
