/** Where more is used than there may be. */
import { type Amount, least, UNLIMITED, ZERO } from '../quantity/amount.ts'
import { type QuotaTree, roleAt } from '../quota/quota-tree.ts'
import type { Node } from '../quota/tree.ts'
import { type Usage, used } from '../quota/usage.ts'
import { capLimits } from './cap-limits.ts'
import { limitAt } from './limit.ts'

export interface OverUse {
  readonly node: Node
  readonly class: string
  readonly limit: Amount
}

/**
 * Every node that is over a limit, children before their parents. What is reserved cannot be taken back, so the own limit of a
 * reservation is none of these.
 */
export function overUses(quota: QuotaTree, total: Usage): readonly OverUse[] {
  const caps = capLimits(quota, total)
  const keys = [...total.byKey.keys()].toSorted()
  return quota.tree.nodes.toReversed().flatMap(node =>
    keys.flatMap(key => {
      const inUse = used(total, node, key)
      if (inUse <= ZERO || isReservation(quota, node)) return []
      const limit = least(limitAt(quota, node, key) ?? UNLIMITED, caps.get(node)?.get(key) ?? UNLIMITED)
      return inUse > limit ? [{ node, class: key, limit }] : []
    }),
  )
}

function isReservation(quota: QuotaTree, node: Node): boolean {
  const role = roleAt(quota, node)
  return role.kind === 'tenant' && role.tier === 'reserved'
}
