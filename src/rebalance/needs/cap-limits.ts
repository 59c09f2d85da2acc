/** What caps leave to a tenant's leaves. A cap spans tiers, so what is above it is given back by burst first, then by shared. */
import { type Amount, add, least, most, subtract, ZERO } from '../../quantity/amount.ts'
import type { QuotaTree, Tenant } from '../../quota/quota-tree.ts'
import type { Node } from '../../quota/tree.ts'
import { type Usage, used } from '../../quota/usage.ts'
import { TIERS } from '../../schema/parts.ts'

type Limits = ReadonlyMap<Node, ReadonlyMap<string, Amount>>

/** By leaf and class, the most it may hold; a leaf from which nothing has to be taken is absent. */
export function capLimits({ tenants }: QuotaTree, total: Usage): Limits {
  const limits = new Map<Node, Map<string, Amount>>()
  for (const tenant of tenants.values()) {
    const { cap, classes } = tenant.spec
    if (cap === null && classes.values().every(limits => limits.cap === null)) continue
    addLimits(limits, tenant, total)
  }
  return limits
}

const GIVERS = ['burst', 'shared'] as const

function addLimits(limits: Map<Node, Map<string, Amount>>, { spec, leaves }: Tenant, total: Usage): void {
  // A class that it may not use at all is taken back anyway.
  const keys = [...spec.classes.keys()].toSorted()
  const lowered = (leaf: Node, key: string) => limits.get(leaf)?.get(key) ?? most(ZERO, used(total, leaf, key))
  const heldOf = (key: string) => TIERS.map(tier => lowered(leaves[tier], key)).reduce(add, ZERO)
  const take = (key: string, tooMuch: Amount): Amount =>
    GIVERS.reduce((left, tier) => {
      const has = lowered(leaves[tier], key)
      const given = least(left, has)
      if (given <= ZERO) return left
      const ofLeaf = limits.get(leaves[tier]) ?? new Map<string, Amount>()
      limits.set(leaves[tier], ofLeaf.set(key, subtract(has, given)))
      return subtract(left, given)
    }, tooMuch)

  for (const key of keys) {
    const cap = spec.classes.get(key)?.cap ?? null
    if (cap !== null) take(key, most(ZERO, subtract(heldOf(key), cap)))
  }
  if (spec.cap === null) return
  const held = keys.map(heldOf).reduce(add, ZERO)
  keys.reduce((left, key) => take(key, left), most(ZERO, subtract(held, spec.cap)))
}
