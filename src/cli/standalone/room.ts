/**
 * Which pods run where nobody knows the nodes. A pod starts as soon as what runs leaves room for it, at its own place of the tree and
 * on the whole way to the root: then what it is owed is free. Until then it waits, as a pod does for which no node is found. So what is
 * reserved or shared may have been admitted into lent capacity, and runs only once that came back.
 *
 * Reserved starts before shared and shared before burst, and within a tier whoever came first. What runs is not stopped for anybody:
 * it is the rebalancer that takes back.
 */
import type { Node } from '../../quota/tree.ts'
import { type Amounts, addUsage, available, noUsage, removeUsage, type Usage } from '../../quota/usage.ts'
import { TIERS, type Tier } from '../../schema/parts.ts'

export interface Room {
  /** Room for a pod, if what runs leaves it. */
  take(node: Node, amounts: Amounts): boolean
  give(node: Node, amounts: Amounts): void
  /** What a pod that runs holds counts at another place from now on. */
  move(from: Node, to: Node, amounts: Amounts): void
}

export function openRoom(tree: Usage['tree']): Room {
  let running = noUsage(tree)
  return {
    take(node, amounts) {
      const fits = amounts.entries().every(([key, amount]) => amount <= available(running, node, key))
      if (fits) running = addUsage(running, node, amounts)
      return fits
    },
    give(node, amounts) {
      running = removeUsage(running, node, amounts)
    },
    move(from, to, amounts) {
      running = addUsage(removeUsage(running, from, amounts), to, amounts)
    },
  }
}

/** Who starts first, of those that came in this order. */
export function inTurn<T>(waiting: Iterable<T>, tierOf: (one: T) => Tier): readonly T[] {
  const byTier = Map.groupBy(waiting, tierOf)
  return TIERS.flatMap(tier => byTier.get(tier) ?? [])
}
