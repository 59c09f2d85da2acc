/** In which order the refused are considered: whoever has least comes first. */
import { NO_AMOUNTS, sum } from '../../quota/holding.ts'
import { upwards } from '../../quota/quota-tree.ts'
import { compareShares, type Share, shareOf } from '../../quota/share.ts'
import type { Node } from '../../quota/tree.ts'
import type { Amounts, Usage } from '../../quota/usage.ts'

/** What somebody at a leaf would like to have. */
export interface Wish {
  readonly leaf: Node
  readonly amounts: Amounts
}

/**
 * Wishes by the shares of their leaves, the least first; where their ways part further up, by the shares of those nodes. Wishes of one
 * leaf stay in their order, and each is judged as if those before it were granted, so a leaf with many does not come first with all.
 */
export function byShareWith<T extends Wish>(usage: Usage, wishes: readonly T[]): readonly T[] {
  const before = new Map<Node, Amounts>()
  const ranked = wishes.map((wish, at) => {
    const wanted = sum(before.get(wish.leaf) ?? NO_AMOUNTS, wish.amounts)
    before.set(wish.leaf, wanted)
    return { wish, at, way: wayTo(usage, wish, wanted) }
  })
  return ranked.toSorted((a, b) => compareWays(a.way, b.way) || a.at - b.at).map(({ wish }) => wish)
}

interface Step {
  readonly node: Node
  readonly share: Share
}

/** From the root to the leaf, each node with its share of the classes that are wished for; that of the leaf as if they were granted. */
function wayTo(usage: Usage, { leaf, amounts }: Wish, wanted: Amounts): readonly Step[] {
  const keys = [...amounts.keys()]
  return [...upwards(leaf)]
    .toReversed()
    .map(node => ({ node, share: shareOf(usage, node, keys, node === leaf ? wanted : NO_AMOUNTS) }))
}

function compareWays(a: readonly Step[], b: readonly Step[]): number {
  const fork = a.findIndex(({ node }, depth) => node !== b[depth]?.node)
  const [left, right] = [a[fork], b[fork]]
  if (left === undefined || right === undefined) return 0
  return compareShares(left.share, right.share) || (left.node.name < right.node.name ? -1 : 1)
}
