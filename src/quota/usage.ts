/**
 * The changing half of the quota engine: what is used at each node of a tree, and what that leaves available.
 *
 * The mathematics is Kueue's (pkg/cache/scheduler/resource_node.go); only usage past a child's local quota is visible
 * to its parent. A usage is a value: adding returns another one, and both stay valid.
 */
import { type Amount, add, least, most, subtract, ZERO } from '../quantity/amount.ts'
import { filled, fromArray, get, type PersistentArray, set } from './persistent-array.ts'
import { type Node, quotaAt, type Tree } from './tree.ts'

export type Amounts = ReadonlyMap<string, Amount>

export function sameAmounts(a: Amounts, b: Amounts): boolean {
  return a.size === b.size && a.entries().every(([key, amount]) => b.get(key) === amount)
}

export interface Usage {
  readonly tree: Tree
  readonly byKey: ReadonlyMap<string, PersistentArray<Amount>>
}

export function noUsage(tree: Tree): Usage {
  return { tree, byKey: new Map() }
}

export function used(usage: Usage, node: Node, key: string): Amount {
  const column = usage.byKey.get(key)
  return column === undefined ? ZERO : get(column, node.index)
}

/** The usage with more at one node, bubbled up to the root. Costs the depth of the node, per key. */
export function addUsage(usage: Usage, node: Node, amounts: Amounts): Usage {
  return changed(usage, amounts, (column, key, value) => bubbleUp(column, node, key, value))
}

/** The inverse of `addUsage`, exact as long as no amount saturated. */
export function removeUsage(usage: Usage, node: Node, amounts: Amounts): Usage {
  return changed(usage, amounts, (column, key, value) => bubbleDown(column, node, key, value))
}

/**
 * The usage of a whole tree at once, from what is used at each node itself. Costs the size of the tree rather than its
 * size times its depth in copies, which matters when a ledger arrives from elsewhere.
 */
export function usageOf(tree: Tree, usedAt: Iterable<readonly [Node, Amounts]>): Usage {
  const columns = new Map<string, Amount[]>()
  for (const [node, amounts] of usedAt) {
    for (const [key, value] of amounts) {
      const column = columns.get(key) ?? tree.nodes.map(() => ZERO)
      columns.set(key, column)
      column[node.index] = add(column[node.index] ?? ZERO, value)
    }
  }
  return { tree, byKey: new Map([...columns].map(([key, column]) => [key, fromArray(accumulate(tree, key, column))])) }
}

/**
 * What the node may still use. Negative after a quota was cut below its usage: an over-admitted node takes room from
 * all its relatives. Whoever asks for an amount to hand out takes 0 then.
 */
export function available(usage: Usage, node: Node, key: string): Amount {
  const { subtree, local, borrowingLimit } = quotaAt(node, key)
  const inUse = used(usage, node, key)
  if (node.parent === null) return subtract(subtree, inUse)

  const fromParent = available(usage, node.parent, key)
  const own = most(ZERO, subtract(local, inUse))
  if (borrowingLimit === null) return add(own, fromParent)
  return add(own, least(borrowable(subtree, local, inUse, borrowingLimit), fromParent))
}

/** What a node stored with its parent, minus what it uses there, plus what it may borrow on top. */
export function borrowable(subtree: Amount, local: Amount, inUse: Amount, borrowingLimit: Amount): Amount {
  const stored = subtract(subtree, local)
  const usedThere = most(ZERO, subtract(inUse, local))
  return add(subtract(stored, usedThere), borrowingLimit)
}

type Column = PersistentArray<Amount>

function changed(
  usage: Usage,
  amounts: Amounts,
  change: (column: Column, key: string, value: Amount) => Column,
): Usage {
  const byKey = new Map(usage.byKey)
  for (const [key, value] of amounts) {
    byKey.set(key, change(byKey.get(key) ?? filled(usage.tree.nodes.length, ZERO), key, value))
  }
  return { tree: usage.tree, byKey }
}

function bubbleUp(column: Column, node: Node, key: string, value: Amount): Column {
  const before = get(column, node.index)
  const own = most(ZERO, subtract(quotaAt(node, key).local, before))
  const next = set(column, node.index, add(before, value))
  return node.parent !== null && value > own ? bubbleUp(next, node.parent, key, subtract(value, own)) : next
}

function bubbleDown(column: Column, node: Node, key: string, value: Amount): Column {
  const before = get(column, node.index)
  const stored = subtract(before, quotaAt(node, key).local)
  const next = set(column, node.index, subtract(before, value))
  return node.parent !== null && stored > ZERO ? bubbleDown(next, node.parent, key, least(value, stored)) : next
}

function accumulate(tree: Tree, key: string, column: Amount[]): readonly Amount[] {
  // Children come after their parents, so the last node is always a leaf whose usage is complete.
  for (const node of tree.nodes.toReversed()) {
    const inUse = column[node.index] ?? ZERO
    if (node.parent === null || inUse === ZERO) continue
    const seen = most(ZERO, subtract(inUse, quotaAt(node, key).local))
    column[node.parent.index] = add(column[node.parent.index] ?? ZERO, seen)
  }
  return column
}
