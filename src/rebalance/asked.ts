/** What is asked for out of fairness: claims that stand on capacity others still use, and demand that was refused. */
import { type Amount, add, ZERO } from '../quantity/amount.ts'
import { isWithinCaps } from '../quota/caps.ts'
import { type Claim, claimKey } from '../quota/claim.ts'
import { type Ask, barsFor, firstFit, needIn, tiersFor } from '../quota/decide.ts'
import { fitOf } from '../quota/fit.ts'
import { nonZero } from '../quota/holding.ts'
import { claims } from '../quota/ledger.ts'
import { find } from '../quota/persistent-map.ts'
import { roleAt, type Tenant, upwards } from '../quota/quota-tree.ts'
import { type Node, potential } from '../quota/tree.ts'
import { type Amounts, used } from '../quota/usage.ts'
import type { Tier } from '../schema/parts.ts'
import { limitAt } from './limit.ts'
import type { Outlook } from './outlook.ts'
import type { ReclaimableTier, RefusedDemand, Snapshot } from './snapshot.ts'
import type { Goal, Task } from './task.ts'

/** The longest that clients of the API server wait before they try again is 1,000 s: whoever stays away for longer has given up. */
const GIVEN_UP_MS = 1_000_000

/** Claims of owners, those that lapse first in front. */
export function claimNeeds(snapshot: Snapshot): readonly Task[] {
  const { book, refused } = snapshot
  const demands = new Map(refused.map(demand => [`${demand.tenant}/${demand.owner}`, demand]))
  return [...claims(book.ledger)]
    .flatMap(claim => (claim.heldFor.kind === 'owner' ? [{ claim, owner: claim.heldFor.owner }] : []))
    .map(({ claim, owner }) => ({ claim, owner, key: claimKey(claim.tenant, claim.heldFor) }))
    .toSorted((a, b) => a.claim.untilMs - b.claim.untilMs || (a.key < b.key ? -1 : 1))
    .flatMap(({ claim, owner, key }) => {
      const leaf = book.quota.tenants.get(claim.tenant)?.leaves[claim.tier]
      if (leaf === undefined) return []
      const demand = demands.get(`${claim.tenant}/${owner}`)
      const need = { kind: 'claim', id: demandId(claim.tenant, owner), key, claim } as const
      const pods = demand === undefined ? [] : podsOf(demand, claim.amounts)
      return [
        {
          need,
          goals: goalsFor(snapshot, leaf, claim.tier, claim.amounts),
          claimant: { leaf, amounts: claim.amounts },
          pods,
        },
      ]
    })
}

/** A demand and the tiers in which it could be met if others gave back, in the order in which its tenant would have them. */
export interface Refused {
  /** Where it is judged who has least: the burst of its tenant. */
  readonly leaf: Node
  readonly amounts: Amounts
  readonly attempts: readonly Attempt[]
}

export interface Attempt {
  readonly task: Task
  readonly claim: Omit<Claim, 'untilMs'>
}

/**
 * Demand that others could make room for. One owner has one claim at a time; what fits already needs none, since whoever tries again
 * gets it; and what a tenant's own limits forbid is nobody else's to give.
 */
export function refusedNeeds(snapshot: Snapshot, outlook: Outlook): readonly Refused[] {
  const seen = new Set<string>()
  return snapshot.refused
    .toSorted((a, b) => a.sinceMs - b.sinceMs || (order(a) < order(b) ? -1 : 1))
    .flatMap(demand => {
      const { tenant: name, owner, lastMs } = demand
      const tenant = snapshot.book.quota.tenants.get(name)
      const id = demandId(name, owner)
      if (tenant === undefined || owner === '' || seen.has(id) || snapshot.nowMs - lastMs > GIVEN_UP_MS) return []
      seen.add(id)
      const attempts = attemptsFor(snapshot, outlook, tenant, demand)
      return attempts.length === 0 ? [] : [{ leaf: tenant.leaves.burst, amounts: demand.demand, attempts }]
    })
}

function attemptsFor(snapshot: Snapshot, outlook: Outlook, tenant: Tenant, demand: RefusedDemand): readonly Attempt[] {
  const { book } = snapshot
  const heldFor = { kind: 'owner', owner: demand.owner } as const
  const ask: Ask = demand
  if (find(book.ledger.claims, claimKey(demand.tenant, heldFor)) !== undefined) return []
  if (barsFor(tenant, ask).length > 0 || firstFit(book, tenant, ask) !== undefined) return []
  return tiersFor(book, tenant, ask).flatMap(tier => {
    const amounts = nonZero(needIn(book, ask, tier).amounts)
    // A reservation is limited by itself alone, so nobody else could give back for it.
    if (tier === 'reserved' || !isAllowed(snapshot, outlook, tenant, tier, amounts)) return []
    const leaf = tenant.leaves[tier]
    const need = { kind: 'refused', id: demandId(demand.tenant, demand.owner), demand } as const
    const goals = goalsFor(snapshot, leaf, tier, amounts)
    const claim = { tenant: demand.tenant, tier, amounts, heldFor }
    return [{ task: { need, goals, claimant: { leaf, amounts }, pods: podsOf(demand, amounts) }, claim }]
  })
}

function isAllowed({ book }: Snapshot, { total }: Outlook, tenant: Tenant, tier: Tier, amounts: Amounts): boolean {
  const leaf = tenant.leaves[tier]
  const isWithinOwn = (key: string, asked: Amount) => {
    const limit = limitAt(book.quota, leaf, key)
    return asked <= potential(leaf, key) && (limit === null || add(used(total, leaf, key), asked) <= limit)
  }
  return (
    amounts.entries().every(([key, asked]) => isWithinOwn(key, asked)) &&
    isWithinCaps(book, tenant, tier, fitOf({ pods: 1, amounts }))
  )
}

/**
 * Nothing on the way to the root may be over its limits. Shared is made room for in its pool by shared; above, and for burst everywhere,
 * it is burst that gives back.
 */
function goalsFor({ book: { quota } }: Snapshot, leaf: Node, tier: Tier, amounts: Amounts): readonly Goal[] {
  return [...upwards(leaf)].flatMap(node => {
    const tiers = giversAt(roleAt(quota, node).kind, tier)
    return [...amounts.keys()].toSorted().flatMap(key => {
      const atMost = limitAt(quota, node, key)
      return atMost === null ? [] : [{ node, class: key, atMost, tiers }]
    })
  })
}

function giversAt(kind: 'cohort' | 'pool' | 'tenant', tier: Tier): readonly ReclaimableTier[] {
  switch (kind) {
    case 'cohort':
      return ['burst']
    case 'pool':
      return tier === 'shared' ? ['shared'] : []
    case 'tenant':
      return []
  }
}

/** What each pod asks for; of a gang, whose other pods may ask for more or less, as many of this one as there are in what is missing. */
function podsOf({ demand }: RefusedDemand, missing: Amounts): readonly Amounts[] {
  const one = nonZero(demand)
  const times = [...one].map(([key, amount]) => Number((missing.get(key) ?? ZERO) / amount))
  return Array.from({ length: Math.max(1, Math.min(...times)) }, () => one)
}

function demandId(tenant: string, owner: string): string {
  return `demand/${tenant}/${owner}`
}

function order({ tenant, owner, name }: RefusedDemand): string {
  return `${tenant}/${owner}/${name}`
}
