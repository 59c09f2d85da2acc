/**
 * The law of the import: an imported tree answers what is available as Kueue does. A queue becomes two leaves, reserved and burst,
 * and what Kueue calls available to the queue is what the two have together when reserved is used up first.
 *
 * Why it holds, for a queue with nominal N, lending limit, borrowing limit B, local quota L and usage u, of which min(u, N) is in
 * reserved and the rest in burst: both leaves together show the parent max(0, u - L), as the queue does. With P available there,
 * reserved has a = max(0, L - u) + min(N - L - max(0, u - L), P), and burst min(B, P - (a - max(0, L - u))) of what that leaves.
 * The sum is max(0, L - u) + min(N - L - max(0, u - L) + B, P), which is Kueue's formula. A negative P (relatives use more than there
 * is) leaves only the local part in both. Where usage does not fill reserved first the law has limits; the last tests show each.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ZERO } from '../quantity/amount.ts'
import { available, type Usage, usageOf } from '../quota/usage.ts'
import type { QuotaDoc, TreeDoc } from './testing.ts'
import {
  availableTo,
  bothLeaves,
  classFor,
  gpus,
  opened,
  plainAvailable,
  plainPotential,
  potentialOf,
  type State,
  tenantOf,
  treeOf,
} from './tree.testing.ts'

test('any tree answers, imported, as the same tree of plain queues does, whatever is used', () => {
  fc.assert(
    fc.property(anyTree, anyUsage, (tree, amounts) => {
      const usage = Object.fromEntries(tree.queues.map(({ name }, index) => [name, amounts[index] ?? {}]))
      const state = opened(tree)
      for (const queue of tree.queues) {
        for (const key of Object.keys(queue.quotas)) {
          assert.equal(availableTo(state, usage, queue.name, key), plainAvailable(tree, usage, queue.name, key))
          assert.equal(potentialOf(state, queue.name, key), plainPotential(tree, queue.name, key))
        }
      }
    }),
    { numRuns: 150 },
  )
})

const KEYS = ['small|nvidia.com/gpu', 'large|nvidia.com/gpu']
const limit = fc.option(fc.integer({ min: 0, max: 6 }))
const anyQuotas = fc.dictionary(
  fc.constantFrom(...KEYS),
  fc.record({ nominal: fc.integer({ min: 0, max: 8 }), borrowingLimit: limit, lendingLimit: limit }),
  { minKeys: 1 },
)
const anyUsage = fc.array(fc.dictionary(fc.constantFrom(...KEYS), fc.integer({ min: 0, max: 12 })), {
  minLength: 5,
  maxLength: 5,
})
const anyTree: fc.Arbitrary<TreeDoc> = fc
  .record({
    cohorts: fc.array(fc.record({ under: fc.nat(4), quotas: anyQuotas }), { minLength: 1, maxLength: 4 }),
    queues: fc.array(fc.record({ under: fc.nat(5), quotas: anyQuotas }), { minLength: 1, maxLength: 5 }),
  })
  .map(({ cohorts, queues }) => ({
    // A parent is an earlier cohort, so that there is no cycle. Kueue allows limits only where there is a parent.
    cohorts: cohorts.map(({ under, quotas }, index) => {
      const parent = under < index ? `c${under}` : null
      return { name: `c${index}`, parent, quotas: parent === null ? unlimited(quotas) : quotas }
    }),
    queues: queues.map(({ under, quotas }, index) => {
      const cohort = under < cohorts.length ? `c${under}` : null
      return { name: `q${index}`, cohort, quotas: cohort === null ? unlimited(quotas) : quotas }
    }),
  }))

function unlimited(quotas: TreeDoc['queues'][number]['quotas']): TreeDoc['queues'][number]['quotas'] {
  const plain = ({ nominal }: { readonly nominal: number }) => ({ nominal, borrowingLimit: null, lendingLimit: null })
  return Object.fromEntries(Object.entries(quotas).map(([key, quota]) => [key, plain(quota)]))
}

const GPU = 'small|nvidia.com/gpu'

/** Two queues in one cohort. */
function pair(a: Partial<QuotaDoc>, b: Partial<QuotaDoc>): TreeDoc {
  const quotas = (quota: Partial<QuotaDoc>) => {
    return { [GPU]: { nominal: 0, borrowingLimit: null, lendingLimit: null, ...quota } }
  }
  return {
    cohorts: [{ name: 'both', parent: null, implicit: true, quotas: {} }],
    queues: [
      { name: 'a', cohort: 'both', quotas: quotas(a) },
      { name: 'b', cohort: 'both', quotas: quotas(b) },
    ],
  }
}
test('burst beside an idle reservation with a lending limit takes from relatives what Kueue takes from the queue', () => {
  const tree = pair({ nominal: 8, lendingLimit: 4 }, { nominal: 8 })
  const state = opened(tree)
  assert.equal(plainAvailable(tree, { a: { [GPU]: 4 } }, 'b', GPU), gpus(12))
  assert.equal(availableTo(state, { a: { [GPU]: 4 } }, 'b', GPU), gpus(12))
  // The four that are hidden from the cohort stay idle, and four that b could have borrowed are used: by a pod that asked for burst
  // by name, or one that stayed when reserved pods ended.
  const burst = charged(state, [['a', { burst: 4 }]])
  assert.equal(bothLeaves(tenantOf(state, 'b'), burst, classFor(state, GPU)), gpus(8))
})

test('without lending limits it does not matter which leaf is used, as long as each keeps its limit', () => {
  fc.assert(
    fc.property(
      fc.nat(8),
      fc.nat(6),
      fc.nat(8),
      fc.nat(6),
      fc.nat(8),
      (nominal, borrowingLimit, inReserved, inBurst, b) => {
        fc.pre(inReserved <= nominal && inBurst <= borrowingLimit)
        const tree = pair({ nominal, borrowingLimit }, { nominal: 8 })
        const state = opened(tree)
        const usage = charged(state, [
          ['a', { reserved: inReserved, burst: inBurst }],
          ['b', { reserved: b }],
        ])
        const total = { a: { [GPU]: inReserved + inBurst }, b: { [GPU]: b } }
        for (const name of ['a', 'b']) {
          const want = plainAvailable(tree, total, name, GPU)
          assert.equal(bothLeaves(tenantOf(state, name), usage, classFor(state, GPU)), want)
        }
      },
    ),
  )
})

test('a reservation cut below its usage leaves the burst limit as it was, where Kueue counts the excess as borrowed', () => {
  const tree = pair({ nominal: 4, borrowingLimit: 2 }, { nominal: 8 })
  const state = opened(tree)
  assert.equal(plainAvailable(tree, { a: { [GPU]: 8 } }, 'a', GPU), ZERO)
  // Eight were admitted when eight were reserved, and stay charged there.
  const usage = charged(state, [['a', { reserved: 8 }]])
  assert.equal(bothLeaves(tenantOf(state, 'a'), usage, classFor(state, GPU)), gpus(2))
  // What was imported while they ran is split by what is reserved now.
  assert.equal(availableTo(state, { a: { [GPU]: 8 } }, 'a', GPU), ZERO)
})

test('one pod must fit one leaf, where a workload of Kueue may be nominal in part', () => {
  const tree = pair({ nominal: 4, borrowingLimit: 3 }, { nominal: 8 })
  const state = opened(tree)
  const usage = charged(state, [['a', { reserved: 1 }]])
  const { leaves } = tenantOf(state, 'a')
  const key = classFor(state, GPU)
  assert.equal(plainAvailable(tree, { a: { [GPU]: 1 } }, 'a', GPU), gpus(6))
  assert.equal(available(usage, leaves.reserved, key), gpus(3))
  assert.equal(available(usage, leaves.burst, key), gpus(3))
})

type Charges = Readonly<Partial<Record<'reserved' | 'burst', number>>>

/** GPUs charged to leaves by name, whatever their quota. */
function charged(state: State, charges: readonly (readonly [string, Charges])[]): Usage {
  const { tree } = treeOf(state, charges[0]?.[0] ?? '')
  const parts = charges.flatMap(([queue, { reserved = 0, burst = 0 }]) => {
    const { leaves } = tenantOf(state, queue)
    const of = (count: number) => new Map([[classFor(state, GPU), gpus(count)]])
    return [[leaves.reserved, of(reserved)] as const, [leaves.burst, of(burst)] as const]
  })
  return usageOf(tree, parts)
}
