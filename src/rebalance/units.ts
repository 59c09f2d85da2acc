/** What is taken back as one: a pod, all pods of a gang that count in one place, or the room that a gang holds for those that have not come. */
import { type Amount, add, ZERO } from '../quantity/amount.ts'
import { heldFor } from '../quota/gang.ts'
import { NO_AMOUNTS, sum } from '../quota/holding.ts'
import { entries } from '../quota/persistent-map.ts'
import type { QuotaTree } from '../quota/quota-tree.ts'
import type { Node } from '../quota/tree.ts'
import type { Amounts } from '../quota/usage.ts'
import type { Tier } from '../schema/parts.ts'
import type { HeldPod, ReclaimableTier, Snapshot } from './snapshot.ts'

export interface Unit {
  /** No two units of a snapshot have the same. */
  readonly key: string
  readonly tenant: string
  /** As what it is taken back: what is left of a tenant that is gone counts as burst. */
  readonly tier: ReclaimableTier
  /** Where it counts. */
  readonly leaf: Node
  /** None where it is what a gang holds. */
  readonly pods: readonly HeldPod[]
  readonly gang: string | null
  readonly amounts: Amounts
}

/** Where something counts in the tree, and as what. */
export interface Place {
  readonly node: Node
  readonly tier: Tier
}

export function placeIn(quota: QuotaTree, tenant: string, tier: Tier): Place {
  const known = quota.tenants.get(tenant)
  return known === undefined ? { node: quota.tree.root, tier: 'burst' } : { node: known.leaves[tier], tier }
}

/** The units that count at each node, by its index; in no order that means anything. */
export type UnitsByNode = (node: Node) => readonly Unit[]

export function unitsOf({ book, pods }: Snapshot): UnitsByNode {
  const { quota } = book
  const podsAt: HeldPod[][] = []
  for (const pod of pods) {
    if (pod.isLeaving) continue
    const { node, tier } = placeIn(quota, pod.tenant, pod.tier)
    if (tier === 'reserved') continue
    const others = podsAt[node.index]
    if (others === undefined) podsAt[node.index] = [pod]
    else others.push(pod)
  }
  const holdsAt = Map.groupBy(holdsIn({ book, pods }), ({ leaf }) => leaf.index)
  const made = new Map<Node, readonly Unit[]>()
  return node => {
    const known = made.get(node)
    if (known !== undefined) return known
    const units = [...(holdsAt.get(node.index) ?? []), ...grouped(quota, node, podsAt[node.index] ?? [])]
    made.set(node, units)
    return units
  }
}

/**
 * A member that names another tier stands there by itself (`decisions/ledger.md`), so the others are taken back without it. Else one
 * reserved pod would keep all that its gang borrows from whom it is owed to.
 */
function grouped(quota: QuotaTree, leaf: Node, pods: readonly HeldPod[]): readonly Unit[] {
  const gangs = Map.groupBy(
    pods.filter(({ gang }) => gang !== null),
    ({ gang }) => gang ?? '',
  )
  const alone = pods.filter(({ gang }) => gang === null).map(pod => unitOf(quota, leaf, pod.uid, [pod]))
  const together = [...gangs].map(([key, members]) => {
    return unitOf(quota, leaf, `gang ${key} at ${leaf.name}`, members.toSorted(byUid))
  })
  return [...alone, ...together].filter(unit => unit !== undefined)
}

function unitOf(quota: QuotaTree, leaf: Node, key: string, pods: readonly HeldPod[]): Unit | undefined {
  const [first] = pods
  if (first === undefined) return undefined
  const { tier } = placeIn(quota, first.tenant, first.tier)
  if (tier === 'reserved') return undefined
  const amounts = pods.length === 1 ? first.amounts : pods.reduce((all, pod) => sum(all, pod.amounts), NO_AMOUNTS)
  return { key, tenant: first.tenant, tier, leaf, pods, gang: first.gang, amounts }
}

function holdsIn({ book }: Pick<Snapshot, 'book' | 'pods'>): readonly Unit[] {
  return [...entries(book.ledger.gangs)].flatMap(([gang, record]) => {
    const { tenant, amounts } = heldFor(record)
    const { node, tier } = placeIn(book.quota, tenant, record.tier)
    if (tier === 'reserved' || amounts.size === 0) return []
    return [{ key: `hold ${gang}`, tenant, tier, leaf: node, pods: [], gang, amounts }]
  })
}

/** What a gang holds goes with its pods of the same tier. */
export function isHoldOf(unit: Unit, victims: readonly Unit[]): boolean {
  return (
    isHold(unit) && victims.some(({ gang, leaf, pods }) => gang === unit.gang && leaf === unit.leaf && pods.length > 0)
  )
}

export function isHold(unit: Unit): boolean {
  return unit.pods.length === 0
}

/** All classes in one, in milli-GPUs. */
export function sizeOf(amounts: Amounts): Amount {
  return amounts.values().reduce(add, ZERO)
}

function byUid(a: HeldPod, b: HeldPod): number {
  return a.uid < b.uid ? -1 : 1
}
