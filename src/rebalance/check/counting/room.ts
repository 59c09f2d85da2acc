/** Whether what a tenant holds in a tier is within every limit, from its own to the root, and within its caps. */
import type { Tenant } from '../../../quota/quota-tree.ts'
import type { Node } from '../../../quota/tree.ts'
import { TIERS, type Tier } from '../../../schema/parts.ts'
import type { Balance, View } from './balance.ts'
import { at, borrowingLimitAt, positive } from './capacity.ts'
import { gpus } from './sums.ts'

/** Reserved and shared are judged as if burst were not there. */
function viewOf(tier: Tier): View {
  return tier === 'burst' ? 'total' : 'firm'
}

/**
 * What a leaf may still use; negative where something on the way to the root is over its limit. Kueue's availability (resource_node.go:
 * available), unrolled: each limit on the way lets through what is left of it, and beside it what the nodes below keep to themselves
 * and do not use.
 */
export function roomAt(balance: Balance, view: View, leaf: Node, key: string): bigint {
  const { subtree, kept } = balance.capacity(key)
  let idleBelow = 0n
  let least: bigint | null = null
  for (let node = leaf; ; node = node.parent) {
    const used = balance.used(view, node, key)
    if (node.parent === null) return smaller(least, idleBelow + at(subtree, node) - used)
    const own = at(kept, node)
    idleBelow += positive(own - used)
    const borrowingLimit = borrowingLimitAt(node, key)
    if (borrowingLimit === null) continue
    const left = at(subtree, node) + borrowingLimit - (used > own ? used : own)
    least = smaller(least, idleBelow + left)
  }
}

/** What of this stands beyond a limit: in words, class by class; nothing where all of it fits. */
export function shortfalls(balance: Balance, tenant: Tenant, tier: Tier, keys: readonly string[]): readonly string[] {
  const { name, classes } = tenant.spec
  const view = viewOf(tier)
  return [
    ...keys.flatMap(key => {
      if (!classes.has(key)) return [`${name} may not use ${key}`]
      const room = roomAt(balance, view, tenant.leaves[tier], key)
      return room < 0n ? [`${gpus(-room)} ${key} more are used than the limits of ${name}/${tier} let through`] : []
    }),
    ...overCaps(balance, tenant, tier, keys),
  ]
}

function overCaps(balance: Balance, tenant: Tenant, tier: Tier, keys: readonly string[]): readonly string[] {
  const { spec, leaves } = tenant
  const beside = TIERS.filter(each => tier === 'burst' || each !== 'burst')
  const holds = (key: string) => beside.reduce((sum, each) => sum + balance.used('total', leaves[each], key), 0n)
  const caps = keys.map(key => ({ what: key, cap: spec.classes.get(key)?.cap ?? null, held: () => holds(key) }))
  const inAll = { what: 'in all', cap: spec.cap, held: () => balance.heldInAll(tenant, beside) }
  return [...caps, inAll].flatMap(({ what, cap, held }) => {
    if (cap === null || held() <= cap) return []
    return [`${spec.name} holds ${gpus(held())} ${what}, and its cap is ${gpus(cap)}`]
  })
}

function smaller(a: bigint | null, b: bigint): bigint {
  return a !== null && a < b ? a : b
}
