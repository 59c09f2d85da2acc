/** Where tenants and cohorts stand: what each uses, may use, and holds beyond its limits. Amounts are milli-GPUs. */
import { type Amount, add, least, most, subtract, ZERO } from '../quantity/amount.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import type { Book } from './book.ts'
import { highestCap, roomIn } from './caps.ts'
import { claimedOf, firmPodUse, podUse } from './claimed.ts'
import { holdingOf } from './holding.ts'
import { holdings } from './ledger.ts'
import { type Lender, lendersOf } from './lenders.ts'
import { roleAt, type Tenant } from './quota-tree.ts'
import { type Node, potential, quotaAt } from './tree.ts'
import { used } from './usage.ts'

/** One tenant in one class and tier. */
export interface Standing {
  readonly tenant: string
  readonly cohort: string
  readonly class: string
  readonly tier: Tier
  readonly used: Amount
  /** What is held for pods of it that are to come, besides what is used: room that the rebalancer made, or makes, for them. */
  readonly claimed: Amount
  /** The most it could use if nobody else used anything; zero where the tenant has no quota for the class. */
  readonly limit: Amount
  /** What would still fit now. */
  readonly available: Amount
  /**
   * What is used beyond what the limits leave room for; only a cut brings it about, or, of burst, entitled use of others.
   * Reserved and shared use above the tenant's own limit is stuck: nothing breaks, and nothing new is admitted until it
   * ends. Burst above its room can be taken back. Several borrowers may be over by the same missing capacity: what has to
   * be given back in all is what the cohort's oversubscription says.
   */
  readonly over: Amount
  /** Whose capacity the burst stands on, all of which may be taken back. Empty in the other tiers. */
  readonly lenders: readonly Lender[]
}

/** Every tenant of a tree in each class that it may use, or uses although it no longer may; in the order of tenants. */
export function standingsOf(book: Book): readonly Standing[] {
  return [...book.quota.tenants.values()].flatMap(tenant => tenantStandings(book, tenant))
}

/** One tenant's standings: class by class in the order of its quota, tier by tier. */
export function tenantStandings(book: Book, tenant: Tenant): readonly Standing[] {
  const keys = new Set([...tenant.spec.classes.keys(), ...heldBy(book, tenant)])
  return [...keys].flatMap(key => TIERS.map(tier => standing(book, tenant, tier, key)))
}

/** Where a tenant is over its limits. Costs only what it holds, and does not ask whose capacity that is. */
export function excessesOf(book: Book, tenant: Tenant): readonly Omit<Standing, 'lenders'>[] {
  return heldBy(book, tenant)
    .flatMap(key => TIERS.map(tier => measured(book, tenant, tier, key)))
    .filter(({ over }) => over > ZERO)
}

function heldBy(book: Book, tenant: Tenant): readonly string[] {
  return [...book.total.byKey.keys()]
    .filter(key => TIERS.some(tier => usedIn(book, tenant, tier, key) > ZERO))
    .toSorted()
}

function standing(book: Book, tenant: Tenant, tier: Tier, key: string): Standing {
  const one = measured(book, tenant, tier, key)
  const isLent = tier === 'burst' && tenant.spec.classes.has(key)
  return { ...one, lenders: isLent ? lendersOf(book, tenant, key, one.used) : [] }
}

function measured(book: Book, tenant: Tenant, tier: Tier, key: string): Omit<Standing, 'lenders'> {
  const inUse = usedIn(book, tenant, tier, key)
  const { name, cohort, classes } = tenant.spec
  const claimed = holdingOf(claimedOf(book.ledger), name)[tier].get(key) ?? ZERO
  const place = { tenant: name, cohort, class: key, tier, used: inUse, claimed }
  // To the tree, a class without quota is one without limits; what keeps the tenant out is that it is not listed.
  if (!classes.has(key)) return { ...place, limit: ZERO, available: ZERO, over: inUse }

  const limit = least(potential(tenant.leaves[tier], key), highestCap(tenant, key))
  const room = roomIn(book, tenant, tier, key)
  const missing = tier === 'burst' ? subtract(ZERO, room) : subtract(inUse, limit)
  return {
    ...place,
    limit,
    available: most(ZERO, room),
    over: least(inUse, most(ZERO, missing)),
  }
}

function usedIn(book: Book, tenant: Tenant, tier: Tier, key: string): Amount {
  return used(podUse(book), tenant.leaves[tier], key)
}

/** A cohort, or its shared pool, in which pods use more of a class than it has and may borrow. */
export interface Oversubscription {
  readonly kind: 'cohort' | 'pool'
  readonly cohort: string
  readonly class: string
  readonly used: Amount
  readonly limit: Amount
  /** The part of the excess that burst holds: it can be taken back. */
  readonly reclaimable: Amount
  /** The part that reserved and shared use hold after a cut: it lasts until their pods end. */
  readonly stuck: Amount
}

/** Every oversubscription of a tree, parents first. */
export function oversubscriptionsOf(book: Book): readonly Oversubscription[] {
  return book.quota.tree.nodes.flatMap(node => oversubscriptionsAt(book, node))
}

/** What is oversubscribed at one node; nothing at a tenant's own, whose excess is its standing. */
export function oversubscriptionsAt(book: Book, node: Node): readonly Oversubscription[] {
  const role = roleAt(book.quota, node)
  if (role.kind === 'tenant') return []
  return [...book.total.byKey.keys()].toSorted().flatMap(key => {
    const limit = limitAt(node, key)
    const inUse = used(podUse(book), node, key)
    if (limit === null || inUse <= limit) return []
    const stuck = most(ZERO, subtract(used(firmPodUse(book), node, key), limit))
    const reclaimable = subtract(subtract(inUse, limit), stuck)
    return [{ kind: role.kind, cohort: role.cohort, class: key, used: inUse, limit, reclaimable, stuck }]
  })
}

/** What a tenant holds that is not defined: its pods go on, at the root of their tree and as burst. */
export interface Orphan {
  readonly tenant: string
  readonly class: string
  readonly tier: Tier
  readonly used: Amount
}

/** What a tree holds for tenants that it does not have; in the order of tenants. */
export function orphansOf(book: Book): readonly Orphan[] {
  return [...holdings(book.ledger)]
    .filter(([tenant]) => !book.quota.tenants.has(tenant))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([tenant, holding]) =>
      TIERS.flatMap(tier => [...holding[tier]].map(([key, used]): Orphan => ({ tenant, class: key, tier, used }))),
    )
}

/** Null where nothing bounds a node but its parent. */
function limitAt(node: Node, key: string): Amount | null {
  const { subtree, borrowingLimit } = quotaAt(node, key)
  if (node.parent === null) return subtree
  return borrowingLimit === null ? null : add(subtree, borrowingLimit)
}
