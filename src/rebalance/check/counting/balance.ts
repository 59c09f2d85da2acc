/**
 * What is used at every node of a tree, while the steps of a plan are played through one after the other. Changed in place: a plan may
 * name thousands of pods, and each is taken out and put back to see what would be without it.
 */
import type { Book } from '../../../quota/book.ts'
import { entries, find } from '../../../quota/persistent-map.ts'
import type { QuotaTree, Tenant } from '../../../quota/quota-tree.ts'
import type { Node } from '../../../quota/tree.ts'
import { TIERS, type Tier } from '../../../schema/parts.ts'
import { at, type Capacity, capacityOf, positive } from './capacity.ts'
import type { Sums } from './sums.ts'

/** `firm`: what is reserved and shared, as if burst were not there; `total`: everything. */
export type View = 'firm' | 'total'

/** What somebody holds in a tier. */
export interface Load {
  readonly tenant: string
  readonly tier: Tier
  readonly amounts: Sums
}

export interface Balance {
  used(view: View, node: Node, key: string): bigint
  capacity(key: string): Capacity
  /** Something more is held, or (`-1n`) something less. */
  change(load: Load, by: 1n | -1n): void
  /** The classes of which not as much is used as the ledger says. */
  changedClasses(): readonly string[]
  /** What a tenant holds of all classes together. */
  heldInAll(tenant: Tenant, tiers: readonly Tier[]): bigint
  copy(): Balance
}

interface Column {
  readonly capacity: Capacity
  readonly firm: bigint[]
  readonly total: bigint[]
}

/** What the ledger holds, all of it. Costs the number of nodes and tenants for each class that is asked about, once for all copies. */
export function balanceOf(book: Book): Balance {
  const counted = new Map<string, Column>()
  const countedOf = (key: string): Column => {
    const column = counted.get(key) ?? countedColumn(book, key)
    counted.set(key, column)
    return column
  }
  return changedFrom(book, countedOf, new Map())
}

/** `changed` holds the classes that are not as the ledger has them. */
function changedFrom(book: Book, countedOf: (key: string) => Column, changed: Map<string, Column>): Balance {
  const columnOf = (key: string): Column => changed.get(key) ?? countedOf(key)
  const ownOf = (key: string): Column => {
    const column = changed.get(key) ?? copied(countedOf(key))
    changed.set(key, column)
    return column
  }
  return {
    used: (view, node, key) => at(columnOf(key)[view], node),
    capacity: key => columnOf(key).capacity,
    change(load, by) {
      for (const [key, amount] of load.amounts) enter(ownOf(key), book.quota, load, amount * by)
    },
    changedClasses: () => [...changed.keys()].toSorted(),
    heldInAll({ spec, leaves }, tiers) {
      const holding = find(book.ledger.held, spec.name)
      const keys = new Set([...changed.keys(), ...TIERS.flatMap(tier => [...(holding?.[tier].keys() ?? [])])])
      const held = [...keys].flatMap(key => tiers.map(tier => at(columnOf(key).total, leaves[tier])))
      return held.reduce((sum, amount) => sum + amount, 0n)
    },
    copy: () => changedFrom(book, countedOf, new Map([...changed].map(([key, column]) => [key, copied(column)]))),
  }
}

function countedColumn({ quota, ledger }: Book, key: string): Column {
  const none = quota.tree.nodes.map(() => 0n)
  const column = { capacity: capacityOf(quota.tree, key), firm: none, total: [...none] }
  for (const [tenant, holding] of entries(ledger.held)) {
    for (const tier of TIERS) {
      const amount = holding[tier].get(key)
      if (amount !== undefined) enter(column, quota, { tenant, tier }, amount)
    }
  }
  return column
}

function copied({ capacity, firm, total }: Column): Column {
  return { capacity, firm: [...firm], total: [...total] }
}

function enter({ capacity, firm, total }: Column, quota: QuotaTree, place: Place, amount: bigint): void {
  const { node, isFirm } = placeOf(quota, place)
  raise(total, capacity, node, amount)
  if (isFirm) raise(firm, capacity, node, amount)
}

/** A parent sees of its child only what is used past what the child keeps to itself. */
function raise(use: bigint[], { kept }: Capacity, leaf: Node, amount: bigint): void {
  let change = amount
  for (let node: Node | null = leaf; node !== null && change !== 0n; node = node.parent) {
    const [before, own] = [at(use, node), at(kept, node)]
    use[node.index] = before + change
    change = positive(before + change - own) - positive(before - own)
  }
}

type Place = Pick<Load, 'tenant' | 'tier'>

/** Where something counts. What a tenant that is gone still holds counts at the root, and as burst: it takes nobody's entitlement. */
export function placeOf(quota: QuotaTree, { tenant, tier }: Place): { readonly node: Node; readonly isFirm: boolean } {
  const leaf = quota.tenants.get(tenant)?.leaves[tier]
  return leaf === undefined ? { node: quota.tree.root, isFirm: false } : { node: leaf, isFirm: tier !== 'burst' }
}
