/** The tree against what Kueue's own tests saw and its own functions returned. The data is not part of the repository. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Amount, add, amount, compare, most, subtract, UNLIMITED, ZERO } from '../quantity/amount.ts'
import { parseQuantity, type Quantity } from '../quantity/quantity.ts'
import { type Rational, rational } from '../quantity/rational.ts'
import type { NodeSpec } from './node-spec.ts'
import { kueueShare, roundedShare, type Share, shareOf, type WeightedShare, weightedShare } from './share.ts'
import { buildForest, type Forest, type Node, potential, quotaAt, type Tree } from './tree.ts'
import { type Amounts, addUsage, available, noUsage, removeUsage, type Usage, used } from './usage.ts'

const data = new URL('../../../shared/data/kueue-tree/', import.meta.url)
const skip = existsSync(data) ? false : 'no Kueue cases: ../shared/data/kueue-tree is absent'

type Count = number | string
type Counts = Readonly<Record<string, Count>>
type Table = Readonly<Record<string, Counts>>

interface QuotaDoc {
  readonly nominal: Count
  readonly borrowingLimit: Count | null
  readonly lendingLimit: Count | null
}
interface TreeDoc {
  readonly cohorts: readonly CohortDoc[]
  readonly queues: readonly (Omit<CohortDoc, 'parent'> & { readonly cohort: string | null })[]
}
interface CohortDoc {
  readonly name: string
  readonly parent: string | null
  readonly fairWeight: number
  readonly quotas: Readonly<Record<string, QuotaDoc>>
}
interface WorkloadDoc {
  readonly namespace: string
  readonly name: string
  /** null: pending, so nothing is charged for it. */
  readonly queue: string | null
  readonly usage: Counts
}
interface NodeExpectation {
  readonly usage: Counts
  readonly subtreeQuota: Counts
}

interface AmountCase {
  readonly id: string
  readonly op: 'add' | 'sub' | 'cmp'
  readonly a: Count
  readonly b: Count
  readonly expect: { readonly result: Count }
}
interface AvailabilityCase {
  readonly kind: 'availability'
  readonly usage: Table
  readonly expect: {
    readonly availableWithNoUsage: Table
    readonly available: Table
    readonly potentialAvailable: Table
  }
}
interface LedgerCase {
  readonly kind: 'ledger'
  readonly workloads: readonly WorkloadDoc[]
  readonly steps: readonly { readonly op: 'add' | 'remove'; readonly workload: string }[]
  readonly expect: Readonly<Record<'queues' | 'cohorts', Readonly<Record<string, NodeExpectation>>>>
}
interface DeleteCase {
  readonly kind: 'cohortDelete'
  readonly delete: string
  readonly expect: { readonly subtreeQuotaBefore: Table; readonly subtreeQuotaAfter: Table }
}
interface LendableCase {
  readonly kind: 'lendable'
  readonly expect: { readonly lendableByResource: Table }
}
type TreeCase = { readonly id: string; readonly tree: TreeDoc } & (
  | AvailabilityCase
  | LedgerCase
  | DeleteCase
  | LendableCase
)
type ShareDoc = number | 'infinite'
interface ShareExpectation {
  readonly node: string
  readonly roundedWeightedShare: ShareDoc
  readonly preciseWeightedShare: ShareDoc
  readonly dominantResource: string | null
  readonly borrowing: boolean
}
type ShareCase = { readonly id: string } & (
  | {
      readonly kind: 'drs'
      readonly tree: TreeDoc
      readonly usage: Table
      /** Counts at the node that is looked at, and at no other. */
      readonly extraUsageAtNode: Counts
      readonly expect: { readonly nodes: readonly ShareExpectation[] }
    }
  | {
      readonly kind: 'borrowingOn'
      readonly tree: TreeDoc
      readonly usage: Table
      readonly queue: string
      readonly requested: Counts
      readonly expect: { readonly borrowing: boolean; readonly borrowingOnRequested: boolean }
    }
  | {
      readonly kind: 'preciseShare'
      readonly fairWeight: number
      readonly unweightedRatio: number
      readonly expect: { readonly preciseWeightedShare: ShareDoc }
    }
)
interface RandomCase {
  readonly id: string
  readonly tree: TreeDoc
  readonly admitted: readonly WorkloadDoc[]
  readonly expect: Readonly<
    Record<'potentialAvailable' | 'available' | 'cohortSubtreeQuota' | 'cohortUsage', Table>
  > & {
    readonly preciseWeightedShare: Readonly<Record<string, ShareDoc>>
  }
}

test('amounts saturate as in Kueue', { skip }, () => {
  const cases = casesOf<AmountCase>('amounts.json')
  assert.equal(cases.length, 8)
  for (const { id, op, a, b, expect } of cases) {
    const operations = { add, sub: subtract, cmp: compare }
    assert.equal(BigInt(operations[op](count(a), count(b))), BigInt(count(expect.result)), id)
  }
})

test('availability, bubbling and cohort quotas are those of Kueue', { skip }, () => {
  const cases = casesOf<TreeCase>('availability.json')
  assert.equal(cases.length, 31)
  for (const one of cases) {
    switch (one.kind) {
      case 'availability':
        checkAvailability(one.id, one.tree, one)
        break
      case 'ledger':
        checkLedger(one.id, one.tree, one)
        break
      case 'cohortDelete':
        checkDelete(one.id, one.tree, one)
        break
      case 'lendable':
        checkLendable(one.id, one.tree, one)
        break
    }
  }
})

test('random trees have the availability and the shares that Kueue computes', { skip }, () => {
  const cases = casesOf<RandomCase>('random-trees.json')
  assert.equal(cases.length, 200)
  for (const { id, tree, admitted, expect } of cases) {
    const state = opened(tree)
    checkTable(`${id} potential`, expect.potentialAvailable, (node, key) => potential(nodeOf(state, node), key))
    checkTable(`${id} subtree quota`, expect.cohortSubtreeQuota, (node, key) => subtreeOf(state, node, key))
    for (const { queue, usage } of admitted) change(state, addUsage, queue, usage)
    checkTable(`${id} available`, expect.available, (node, key) => availableAt(state, node, key))
    checkTable(`${id} usage`, expect.cohortUsage, (node, key) => usedAt(state, node, key))
    const nodes = [...state.forest.nodes.keys()]
    assert.deepEqual(Object.keys(expect.preciseWeightedShare).toSorted(), nodes.toSorted(), id)
    for (const [node, want] of Object.entries(expect.preciseWeightedShare)) {
      checkShare(`${id} share ${node}`, kueueShareAt(state, node).weighted, want)
    }
  }
})

test('shares, their dominant resource and who borrows are those of Kueue', { skip }, () => {
  const cases = casesOf<ShareCase>('drs.json')
  assert.equal(cases.length, 25)
  for (const one of cases) {
    switch (one.kind) {
      case 'drs': {
        const state = withUsage(one.tree, one.usage)
        for (const want of one.expect.nodes) {
          const share = kueueShareAt(state, want.node, amountsOf(one.extraUsageAtNode))
          const rounded = roundedShare(share)
          checkShare(`${one.id} ${want.node}`, share.weighted, want.preciseWeightedShare)
          assert.deepEqual(
            [rounded === 'infinite' ? rounded : Number(rounded), share.dominant, share.isBorrowing],
            [want.roundedWeightedShare, want.dominantResource, want.borrowing],
            `${one.id} ${want.node}`,
          )
        }
        break
      }
      case 'borrowingOn': {
        const state = withUsage(one.tree, one.usage)
        const isBorrowingOn = (keys: Iterable<string>) => {
          const node = nodeOf(state, one.queue)
          return shareOf(usageAt(state, node), node, keys).isBorrowing
        }
        const { borrowing, borrowingOnRequested } = one.expect
        assert.equal(kueueShareAt(state, one.queue).isBorrowing, borrowing, one.id)
        assert.equal(isBorrowingOn(keysOf(one.tree)), borrowing, one.id)
        assert.equal(isBorrowingOn(Object.keys(one.requested)), borrowingOnRequested, one.id)
        break
      }
      case 'preciseShare': {
        const share = weightedShare(rational(BigInt(one.unweightedRatio), 1n), weightOf(one.fairWeight))
        checkShare(one.id, share, one.expect.preciseWeightedShare)
        break
      }
    }
  }
})

function checkAvailability(id: string, tree: TreeDoc, { usage, expect }: AvailabilityCase): void {
  const state = opened(tree)
  const check = (what: string, table: Table) =>
    checkTable(`${id} ${what}`, table, (node, key) => availableAt(state, node, key))
  check('empty', expect.availableWithNoUsage)
  checkTable(`${id} potential`, expect.potentialAvailable, (node, key) => potential(nodeOf(state, node), key))
  for (const [queue, counts] of Object.entries(usage)) change(state, addUsage, queue, counts)
  check('used', expect.available)
  for (const [queue, counts] of Object.entries(usage)) change(state, removeUsage, queue, counts)
  check('empty again', expect.availableWithNoUsage)
}

function checkLedger(id: string, tree: TreeDoc, { workloads, steps, expect }: LedgerCase): void {
  const state = opened(tree)
  const byName = new Map(workloads.map(workload => [`${workload.namespace}/${workload.name}`, workload]))
  const move = (how: typeof addUsage, name: string) => {
    const workload = byName.get(name)
    assert.ok(workload !== undefined, `${id}: ${name}`)
    change(state, how, workload.queue, workload.usage)
  }
  const moves = { add: addUsage, remove: removeUsage }
  for (const name of byName.keys()) move(addUsage, name)
  for (const { op, workload } of steps) move(moves[op], workload)
  for (const [node, want] of Object.entries({ ...expect.queues, ...expect.cohorts })) {
    const keys = new Set([...Object.keys(want.usage), ...Object.keys(want.subtreeQuota), ...keysOf(tree)])
    for (const key of keys) {
      assert.equal(usedAt(state, node, key), count(want.usage[key] ?? 0), `${id} usage ${node} ${key}`)
      assert.equal(subtreeOf(state, node, key), count(want.subtreeQuota[key] ?? 0), `${id} quota ${node} ${key}`)
    }
  }
}

function checkDelete(id: string, tree: TreeDoc, { delete: deleted, expect }: DeleteCase): void {
  const before = opened(tree)
  checkTable(`${id} before`, expect.subtreeQuotaBefore, (node, key) => subtreeOf(before, node, key))
  const detached = (parent: string | null) => (parent === deleted ? null : parent)
  const after = opened({
    cohorts: tree.cohorts
      .filter(({ name }) => name !== deleted)
      .map(cohort => ({ ...cohort, parent: detached(cohort.parent) })),
    queues: tree.queues.map(queue => ({ ...queue, cohort: detached(queue.cohort) })),
  })
  checkTable(`${id} after`, expect.subtreeQuotaAfter, (node, key) => subtreeOf(after, node, key))
}

function checkLendable(id: string, tree: TreeDoc, { expect }: LendableCase): void {
  const state = opened(tree)
  checkTable(id, expect.lendableByResource, (node, resource) =>
    [...keysOf(tree)]
      .filter(key => key.endsWith(`|${resource}`))
      .map(key => potential(nodeOf(state, node), key))
      .reduce(add, ZERO),
  )
}

/** A forest and the usage of each of its trees, which the cases change as they go. */
interface State {
  readonly forest: Forest
  readonly usages: Map<Tree, Usage>
}

function opened({ cohorts, queues }: TreeDoc): State {
  const specs = [...cohorts, ...queues.map(({ cohort, ...queue }) => ({ ...queue, parent: cohort }))].map(specOf)
  const forest = buildForest(specs, { implicitParents: true })
  assert.ok(forest.ok, forest.ok ? '' : JSON.stringify(forest.issues))
  return { forest: forest.value, usages: new Map(forest.value.trees.map(tree => [tree, noUsage(tree)])) }
}

function withUsage(tree: TreeDoc, usage: Table): State {
  const state = opened(tree)
  for (const [queue, counts] of Object.entries(usage)) change(state, addUsage, queue, counts)
  return state
}

function specOf({ name, parent, fairWeight, quotas }: CohortDoc): NodeSpec {
  const quotaOf = ({ nominal, borrowingLimit, lendingLimit }: QuotaDoc) => ({
    nominal: count(nominal),
    borrowingLimit: borrowingLimit === null ? null : count(borrowingLimit),
    lendingLimit: lendingLimit === null ? null : count(lendingLimit),
  })
  return {
    name,
    parent,
    weight: weightOf(fairWeight),
    quotas: new Map(Object.entries(quotas).map(([key, quota]) => [key, quotaOf(quota)])),
  }
}

function change(state: State, how: typeof addUsage, queue: string | null, counts: Counts): void {
  if (queue === null) return
  const node = nodeOf(state, queue)
  const usage = usageAt(state, node)
  state.usages.set(usage.tree, how(usage, node, amountsOf(counts)))
}

function availableAt(state: State, name: string, key: string): Amount {
  const node = nodeOf(state, name)
  return most(ZERO, available(usageAt(state, node), node, key))
}

function usedAt(state: State, name: string, key: string): Amount {
  const node = nodeOf(state, name)
  return used(usageAt(state, node), node, key)
}

function subtreeOf(state: State, name: string, key: string): Amount {
  return quotaAt(nodeOf(state, name), key).subtree
}

function kueueShareAt(state: State, name: string, extra: Amounts = new Map()): Share {
  const node = nodeOf(state, name)
  return kueueShare(usageAt(state, node), node, key => key.slice(key.indexOf('|') + 1), extra)
}

/**
 * Kueue's share is a float64 made by two divisions, each of them rounded: by the lendable, then by the weight. So it is within
 * two half units in the last place of the exact one, that is within 2^-52 of it, and a little for the error of the error.
 */
function checkShare(what: string, share: WeightedShare, want: ShareDoc): void {
  if (share === 'infinite' || want === 'infinite') {
    assert.equal(share, want, what)
    return
  }
  const expected = exactly(want)
  const a = share.numerator * expected.denominator
  const b = expected.numerator * share.denominator
  const distance = a > b ? a - b : b - a
  assert.ok(
    distance * 2n ** 52n <= a + a / 2n ** 50n,
    `${what}: ${Number(share.numerator) / Number(share.denominator)} is not ${want}`,
  )
}

/** A float64 is a whole number over a power of two. */
function exactly(float: number): Rational {
  let dividend = float
  let divisor = 1n
  while (!Number.isInteger(dividend)) {
    dividend *= 2
    divisor *= 2n
  }
  return rational(BigInt(dividend), divisor)
}

function usageAt({ usages }: State, node: Node): Usage {
  const usage = usages.values().find(({ tree }) => tree.nodes[node.index] === node)
  assert.ok(usage !== undefined)
  return usage
}

function nodeOf({ forest }: State, name: string): Node {
  const node = forest.nodes.get(name)
  assert.ok(node !== undefined, name)
  return node
}

function checkTable(what: string, table: Table, actual: (node: string, key: string) => Amount): void {
  for (const [node, counts] of Object.entries(table)) {
    for (const [key, want] of Object.entries(counts)) {
      assert.equal(actual(node, key), count(want), `${what} ${node} ${key}`)
    }
  }
}

function amountsOf(counts: Counts): Amounts {
  return new Map(Object.entries(counts).map(([key, value]) => [key, count(value)]))
}

function keysOf({ cohorts, queues }: TreeDoc): ReadonlySet<string> {
  return new Set([...cohorts, ...queues].flatMap(({ quotas }) => Object.keys(quotas)))
}

function weightOf(weight: number): Quantity {
  const quantity = parseQuantity(weight)
  assert.ok(quantity.ok)
  return quantity.value
}

function count(value: Count): Amount {
  return value === 'unlimited' ? UNLIMITED : amount(BigInt(value))
}

function casesOf<T>(file: string): readonly T[] {
  const { cases }: { readonly cases: readonly T[] } = JSON.parse(readFileSync(new URL(file, data), 'utf8'))
  return cases
}
