/** For which needs plans are carried out, where nobody was found to give back for them. */
import { upwards } from '../../quota/quota-tree.ts'
import type { Node } from '../../quota/tree.ts'
import type { Need } from '../../rebalance/need.ts'
import type { Snapshot } from '../../rebalance/snapshot.ts'
import { termsAt } from '../../rebalance/terms.ts'

/** Whoever gives back is below the node of a need, and it is the mode of its own cohort that counts: one that is On is enough. */
export function actedOn(snapshot: Snapshot): (need: Need) => boolean {
  let on: ReadonlySet<Node> | undefined
  return need => {
    // Most plans meet every need, and then nobody asks.
    on ??= nodesAboveOn(snapshot)
    return on.has(nodeOf(need, snapshot))
  }
}

function nodesAboveOn(snapshot: Snapshot): ReadonlySet<Node> {
  const above = new Set<Node>()
  for (const node of snapshot.book.quota.tree.nodes) {
    if (above.has(node) || termsAt(snapshot, node).mode !== 'On') continue
    for (const at of upwards(node)) above.add(at)
  }
  return above
}

/** Where what is in use has to come down; for the sake of fairness that is anywhere in the tree. */
function nodeOf(need: Need, { book }: Snapshot): Node {
  switch (need.kind) {
    case 'entitled':
    case 'excess':
      return need.node
    case 'claim':
    case 'refused':
      return book.quota.tree.root
  }
}
