/** Where more is used than there may be. */
import { type Amount, least, UNLIMITED, ZERO } from '../../quantity/amount.ts'
import { type QuotaTree, roleAt, upwards } from '../../quota/quota-tree.ts'
import type { Node } from '../../quota/tree.ts'
import { type Usage, used } from '../../quota/usage.ts'
import { capLimits } from './cap-limits.ts'
import { limitAt } from './limit.ts'

export interface OverUse {
  readonly node: Node
  readonly class: string
  readonly limit: Amount
}

/**
 * Every node that is over a limit, the deepest first. What is reserved cannot be taken back, so the own limit of a
 * reservation is none of these.
 */
export function overUses(quota: QuotaTree, total: Usage): readonly OverUse[] {
  const caps = capLimits(quota, total)
  const keys = [...total.byKey.keys()].toSorted()
  const over = quota.tree.nodes.flatMap(node =>
    keys.flatMap(key => {
      const inUse = used(total, node, key)
      if (inUse <= ZERO || isReservation(quota, node)) return []
      const limit = least(limitAt(quota, node, key) ?? UNLIMITED, caps.get(node)?.get(key) ?? UNLIMITED)
      return inUse > limit ? [{ node, class: key, limit }] : []
    }),
  )
  return over.toSorted(deepestFirst)
}

/** Then by name: where a node stands in the tree is a matter of how its documents were listed. */
function deepestFirst(a: OverUse, b: OverUse): number {
  const [depth, other] = [a, b].map(({ node }) => Iterator.from(upwards(node)).toArray().length)
  if (depth !== other) return (other ?? 0) - (depth ?? 0)
  if (a.node !== b.node) return a.node.name < b.node.name ? -1 : 1
  return a.class < b.class ? -1 : 1
}

function isReservation(quota: QuotaTree, node: Node): boolean {
  const role = roleAt(quota, node)
  return role.kind === 'tenant' && role.tier === 'reserved'
}
