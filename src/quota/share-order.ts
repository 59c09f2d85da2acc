/** Who gives back before whom. The order is total, so one state has one order, however its nodes were listed. */
import { compareShares, type Share, shareOf } from './share.ts'
import type { Node } from './tree.ts'
import type { Usage } from './usage.ts'

/** A node and its share of something. */
export interface Sharer {
  readonly node: Node
  readonly share: Share
}

/**
 * The children of a node by their shares of some classes, the greatest first: those that give back first. Read from behind it
 * is the order in which they are next to get something. Costs one share per child, and the sorting.
 */
export function siblingsByShare(usage: Usage, parent: Node, keys: Iterable<string>): readonly Sharer[] {
  const children = usage.tree.children[parent.index] ?? []
  const classes = [...keys]
  return byShare(children.map(node => ({ node, share: shareOf(usage, node, classes) })))
}

/** Nodes of one forest by their shares, the greatest first; equal shares in the order of the nodes' names. */
export function byShare(sharers: readonly Sharer[]): readonly Sharer[] {
  return sharers.toSorted((a, b) => compareShares(b.share, a.share) || byCodeUnits(a.node.name, b.node.name))
}

// Not by locale: the same names must come in the same order on every machine.
function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
