/** Names decide nothing but ties: where no two borrowers are alike, exchanging their names changes who is who and nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cohort, tenant } from '../quota/testing.ts'
import { planOf } from './plan-of.ts'
import { pod, podsIn, type Scene, snapshotOf } from './plans.testing.ts'

// Sizes of up to a million milli-GPUs, of which sums are hardly ever equal.
const someSize = fc.integer({ min: 1, max: 1_000_000 })

const someLoan = fc.record({
  borrowers: fc.array(fc.array(someSize, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 5 }),
  weights: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 5, maxLength: 5 }),
  /** Of what is lent, in thousandths. */
  wanted: fc.integer({ min: 1, max: 1_000 }),
  order: fc.array(fc.nat(1_000), { minLength: 5, maxLength: 5 }),
})

type Loan = typeof someLoan extends fc.Arbitrary<infer V> ? V : never

/** The owner lends all it has, and comes back for a part. */
function sceneOf({ borrowers, weights, wanted }: Loan, nameOf: (index: number) => string): Scene {
  const lent = borrowers.flat().reduce((sum, size) => sum + size, 0)
  const weightOf = (index: number) => ({ nanos: BigInt(weights[index] ?? 1) * 1_000_000_000n })
  const borrowing = borrowers.map((_, index) => ({
    ...tenant(nameOf(index), 'root', { a: {} }),
    weight: weightOf(index),
  }))
  const pods = borrowers.flatMap((sizes, index) =>
    sizes.map((size, at) => pod(`b${index}-${at}`, nameOf(index), { asks: { a: size } })),
  )
  const asks = { a: Math.max(1, Math.floor((lent * wanted) / 1_000)) }
  const back = pod('back', 'owner', { tier: 'reserved', node: null, startedAtMs: null, asks })
  return {
    cohorts: [cohort('root', { a: {} })],
    tenants: [tenant('owner', 'root', { a: { reserved: lent } }), ...borrowing],
    pods: [...pods, back],
  }
}

test('exchanging the names of borrowers exchanges their parts in the plan', () => {
  let told = 0
  fc.assert(
    fc.property(someLoan, loan => {
      const exchanged = loan.borrowers
        .map((_, index) => index)
        .toSorted((a, b) => (loan.order[a] ?? 0) - (loan.order[b] ?? 0))
      const before = podsIn(planOf(snapshotOf(sceneOf(loan, index => `t${index}`))), 'notify')
      const after = podsIn(planOf(snapshotOf(sceneOf(loan, index => `t${exchanged[index]}`))), 'notify')
      assert.deepEqual(after.toSorted(), before.toSorted())
      told += before.length
    }),
  )
  assert.ok(told > 0, 'somebody is told')
})
