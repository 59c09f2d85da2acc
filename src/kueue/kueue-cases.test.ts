/** Imported trees against what Kueue's own tests expect and its own functions returned. The data is not part of the repository. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Amount, add, MILLI, ZERO } from '../quantity/amount.ts'
import { potential } from '../quota/tree.ts'
import { splitKey, type TreeDoc } from './testing.ts'
import {
  availableTo,
  classFor,
  nodeOf,
  opened,
  potentialOf,
  type State,
  subtreeOf,
  type Table,
  usageAt,
} from './tree.testing.ts'

const data = new URL('../../../shared/data/kueue-tree/', import.meta.url)
const skip = existsSync(data) ? false : 'no Kueue cases: ../shared/data/kueue-tree is absent'

interface Workload {
  readonly namespace: string
  readonly name: string
  readonly queue: string | null
  readonly usage: Table[string]
}
type TreeCase = { readonly id: string; readonly tree: TreeDoc } & (
  | {
      readonly kind: 'availability'
      readonly usage: Table
      readonly expect: Readonly<Record<'availableWithNoUsage' | 'available' | 'potentialAvailable', Table>>
    }
  | {
      readonly kind: 'ledger'
      readonly workloads: readonly Workload[]
      readonly steps: readonly { readonly op: 'add' | 'remove'; readonly workload: string }[]
      readonly expect: Readonly<
        Record<
          'queues' | 'cohorts',
          Readonly<Record<string, { readonly usage: Table[string]; readonly subtreeQuota: Table[string] }>>
        >
      >
    }
  | {
      readonly kind: 'cohortDelete'
      readonly delete: string
      readonly expect: Readonly<Record<'subtreeQuotaBefore' | 'subtreeQuotaAfter', Table>>
    }
  | { readonly kind: 'lendable'; readonly expect: { readonly lendableByResource: Table } }
)
interface RandomCase {
  readonly id: string
  readonly tree: TreeDoc
  readonly admitted: readonly Workload[]
  readonly expect: Readonly<Record<'potentialAvailable' | 'available' | 'cohortSubtreeQuota' | 'cohortUsage', Table>>
}

test('the trees of Kueue’s own tests have, imported, the availability that Kueue expects', { skip }, () => {
  const cases = casesOf<TreeCase>('availability.json')
  const checked = cases.map(one => [one.kind, checkCase(one)] as const)
  assert.equal(cases.length, 31)
  // A case of which nothing was compared would prove nothing: six have no queue, or none with a quota.
  const vacuous = checked.filter(([, compared]) => compared === 0).length
  assert.equal(vacuous, 6)
})

test('random trees have, imported, the availability that Kueue computes', { skip }, () => {
  const cases = casesOf<RandomCase>('random-trees.json')
  assert.equal(cases.length, 200)
  const compared = cases.map(({ id, tree, admitted, expect }) => {
    const state = opened(tree)
    const usage = totals(admitted)
    return (
      compare(`${id} potential`, expect.potentialAvailable, (name, key) => availableTo(state, {}, name, key)) +
      compare(`${id} available`, expect.available, (name, key) => availableTo(state, usage, name, key)) +
      compare(`${id} quota`, expect.cohortSubtreeQuota, (name, key) => subtreeOf(state, name, key)) +
      compare(`${id} usage`, expect.cohortUsage, (name, key) => usageAt(state, usage, name, key))
    )
  })
  assert.ok(compared.every(count => count > 0))
})

/** Returns how many values were compared. */
function checkCase(one: TreeCase): number {
  if (one.tree.queues.every(({ quotas }) => Object.keys(quotas).length === 0)) return 0
  const state = opened(one.tree)
  switch (one.kind) {
    case 'availability':
      return (
        compare(one.id, one.expect.availableWithNoUsage, (name, key) => availableTo(state, {}, name, key)) +
        compare(one.id, one.expect.potentialAvailable, (name, key) => potentialOf(state, name, key)) +
        compare(one.id, one.expect.available, (name, key) => availableTo(state, one.usage, name, key))
      )
    case 'ledger':
      return checkLedger(one, state)
    case 'cohortDelete':
      return (
        compare(one.id, one.expect.subtreeQuotaBefore, (name, key) => subtreeOf(state, name, key)) +
        compare(one.id, one.expect.subtreeQuotaAfter, (name, key) =>
          subtreeOf(opened(without(one.tree, one.delete)), name, key),
        )
      )
    case 'lendable':
      return compare(one.id, one.expect.lendableByResource, (name, resource) =>
        [...keysOf(one.tree)]
          .filter(key => splitKey(key).resource === resource)
          .map(key => potential(nodeOf(state, name), classFor(state, key)))
          .reduce(add, ZERO),
      )
  }
}

function checkLedger(one: Extract<TreeCase, { readonly kind: 'ledger' }>, state: State): number {
  const byName = new Map(one.workloads.map(workload => [`${workload.namespace}/${workload.name}`, workload]))
  const present = new Set(byName.keys())
  for (const { op, workload } of one.steps) present[op === 'add' ? 'add' : 'delete'](workload)
  const usage = totals([...byName].flatMap(([name, workload]) => (present.has(name) ? [workload] : [])))
  const rows = Object.entries({ ...one.expect.queues, ...one.expect.cohorts })
  const table = (what: 'usage' | 'subtreeQuota') => Object.fromEntries(rows.map(([name, want]) => [name, want[what]]))
  return (
    compare(`${one.id} usage`, table('usage'), (name, key) => usageAt(state, usage, name, key)) +
    compare(`${one.id} quota`, table('subtreeQuota'), (name, key) => subtreeOf(state, name, key))
  )
}

/** Every count is of whole devices in Kueue and of milli-GPUs here. */
function compare(what: string, table: Table, actual: (name: string, key: string) => Amount): number {
  const rows = Object.entries(table).flatMap(([name, counts]) =>
    Object.entries(counts).map(row => [name, ...row] as const),
  )
  for (const [name, key, want] of rows) {
    assert.equal(actual(name, key), BigInt(want) * MILLI, `${what} ${name} ${key}`)
  }
  return rows.length
}

function without({ cohorts, queues }: TreeDoc, deleted: string): TreeDoc {
  const detached = (name: string | null) => (name === deleted ? null : name)
  return {
    cohorts: cohorts
      .filter(({ name }) => name !== deleted)
      .map(cohort => ({ ...cohort, parent: detached(cohort.parent) })),
    queues: queues.map(queue => ({ ...queue, cohort: detached(queue.cohort) })),
  }
}

function totals(workloads: readonly Workload[]): Table {
  const sums = new Map<string, Record<string, number>>()
  for (const { queue, usage } of workloads) {
    if (queue === null) continue
    const sum = sums.get(queue) ?? {}
    sums.set(queue, sum)
    for (const [key, count] of Object.entries(usage)) sum[key] = (sum[key] ?? 0) + count
  }
  return Object.fromEntries(sums)
}

function keysOf({ cohorts, queues }: TreeDoc): ReadonlySet<string> {
  return new Set([...cohorts, ...queues].flatMap(({ quotas }) => Object.keys(quotas)))
}

function casesOf<T>(file: string): readonly T[] {
  const { cases }: { readonly cases: readonly T[] } = JSON.parse(readFileSync(new URL(file, data), 'utf8'))
  return cases
}
