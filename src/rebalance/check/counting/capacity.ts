/**
 * What the nodes of a tree have of one class, summed anew from the numbers of the documents: the checker trusts none of the sums that
 * the quota engine keeps, because a fault in them would be in the plan as well.
 */
import type { Node, Tree } from '../../../quota/tree.ts'

export interface Capacity {
  /** By `Node.index`: its own, and what its children let it see. */
  readonly subtree: readonly bigint[]
  /** By `Node.index`: the part of that which its lending limit keeps from its parent. */
  readonly kept: readonly bigint[]
}

export function capacityOf(tree: Tree, key: string): Capacity {
  const subtree = tree.nodes.map((node): bigint => node.quotas.get(key)?.nominal ?? 0n)
  const kept = tree.nodes.map(() => 0n)
  // Parents come before their children, so from behind each node is complete when its turn comes.
  for (const node of tree.nodes.toReversed()) {
    const own = at(subtree, node)
    const lendingLimit = node.quotas.get(key)?.lendingLimit ?? null
    kept[node.index] = lendingLimit === null ? 0n : positive(own - lendingLimit)
    if (node.parent !== null) subtree[node.parent.index] = at(subtree, node.parent) + own - at(kept, node)
  }
  return { subtree, kept }
}

/** The most that may be used at a node; null where nothing but its parent bounds it. */
export function limitAt(capacity: Capacity, node: Node, key: string): bigint | null {
  const own = at(capacity.subtree, node)
  if (node.parent === null) return own
  const borrowingLimit = borrowingLimitAt(node, key)
  return borrowingLimit === null ? null : own + borrowingLimit
}

/** What a node could use if nobody used anything. */
export function reachOf(capacity: Capacity, node: Node, key: string): bigint {
  const limit = limitAt(capacity, node, key)
  if (node.parent === null) return at(capacity.subtree, node)
  const reach = at(capacity.kept, node) + reachOf(capacity, node.parent, key)
  return limit !== null && limit < reach ? limit : reach
}

export function borrowingLimitAt(node: Node, key: string): bigint | null {
  return node.quotas.get(key)?.borrowingLimit ?? null
}

/** A number of a node's; zero where none is written. */
export function at(numbers: readonly bigint[], node: Node): bigint {
  return numbers[node.index] ?? 0n
}

export function positive(value: bigint): bigint {
  return value > 0n ? value : 0n
}
