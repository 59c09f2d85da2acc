/** What is asked for out of fairness: claims that stand on capacity others still use, and demand that was refused. */
import { amount } from '../../quantity/amount.ts'
import { type Claim, claimKey } from '../../quota/claim.ts'
import { barsFor, firstFit, needIn, tiersFor } from '../../quota/decide.ts'
import { excess, greater, NO_AMOUNTS, nonZero } from '../../quota/holding.ts'
import { find } from '../../quota/persistent-map.ts'
import { roleAt, type Tenant, upwards } from '../../quota/quota-tree.ts'
import { type Node, potential } from '../../quota/tree.ts'
import { type Amounts, sameAmounts } from '../../quota/usage.ts'
import type { Tier } from '../../schema/parts.ts'
import type { ReclaimableTier, RefusedDemand, Snapshot } from '../snapshot.ts'
import type { Claimant, Goal, Task } from '../task.ts'
import { limitAt } from './limit.ts'

/** The longest that clients of the API server wait before they try again is 1,000 s: whoever stays away for longer has given up. */
const GIVEN_UP_MS = 1_000_000

/** Claims of owners, those that lapse first in front. */
export function claimNeeds(snapshot: Snapshot, standing: readonly Claim[]): readonly Task[] {
  const demands = new Map(
    snapshot.refused
      .toSorted(byAge)
      .toReversed()
      .map(demand => [`${demand.tenant}/${demand.owner}`, demand]),
  )
  return standing
    .flatMap(claim => (claim.heldFor.kind === 'owner' ? [{ claim, owner: claim.heldFor.owner }] : []))
    .map(({ claim, owner }) => ({ claim, owner, key: claimKey(claim.tenant, claim.heldFor) }))
    .toSorted((a, b) => a.claim.untilMs - b.claim.untilMs || (a.key < b.key ? -1 : 1))
    .flatMap(({ claim, owner, key }) => {
      const tenant = snapshot.book.quota.tenants.get(claim.tenant)
      if (tenant === undefined) return []
      const { tier, amounts } = claim
      const demand = demands.get(`${claim.tenant}/${owner}`)
      const id = demandId(claim.tenant, owner)
      const claimant = { tenant, tier, leaf: tenant.leaves[tier], amounts, isHeld: true }
      const pods = demand === undefined ? new Map() : podsOf(id, demand, amounts)
      return [{ need: { kind: 'claim', id, key, claim }, goals: goalsFor(snapshot, claimant), claimant, pods }]
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
export function refusedNeeds(snapshot: Snapshot): readonly Refused[] {
  const seen = new Set<string>()
  return snapshot.refused.toSorted(byAge).flatMap(demand => {
    const { tenant: name, owner, lastMs } = demand
    const tenant = snapshot.book.quota.tenants.get(name)
    const id = demandId(name, owner)
    if (tenant === undefined || owner === '' || seen.has(id) || snapshot.nowMs - lastMs > GIVEN_UP_MS) return []
    seen.add(id)
    const attempts = attemptsFor(snapshot, tenant, demand)
    return attempts.length === 0 ? [] : [{ leaf: tenant.leaves.burst, amounts: demand.demand, attempts }]
  })
}

function attemptsFor(snapshot: Snapshot, tenant: Tenant, demand: RefusedDemand): readonly Attempt[] {
  const { book } = snapshot
  const heldFor = { kind: 'owner', owner: demand.owner } as const
  if (find(book.ledger.claims, claimKey(demand.tenant, heldFor)) !== undefined) return []
  if (barsFor(tenant, demand).length > 0 || firstFit(book, tenant, demand) !== undefined) return []
  return tiersFor(book, tenant, demand).flatMap(tier => {
    const amounts = nonZero(needIn(book, demand, tier).amounts)
    const claimant = { tenant, tier, leaf: tenant.leaves[tier], amounts, isHeld: false }
    // A reservation is limited by itself alone, so nobody else could give back for it.
    if (tier === 'reserved' || !isPossible(claimant)) return []
    const id = demandId(demand.tenant, demand.owner)
    const pods = podsOf(id, demand, greater(demand.demand, demand.gang?.demand ?? NO_AMOUNTS))
    const task: Task = { need: { kind: 'refused', id, demand }, goals: goalsFor(snapshot, claimant), claimant, pods }
    return [{ task, claim: { tenant: demand.tenant, tier, amounts, heldFor } }]
  })
}

function isPossible({ leaf, amounts }: Claimant): boolean {
  return amounts.entries().every(([key, asked]) => asked <= potential(leaf, key))
}

/**
 * Nothing on the way to the root may be over its limits. Burst gives back for burst, and shared for shared of the same pool: all else is
 * owed, and shared is judged as if burst were not there.
 */
function goalsFor({ book: { quota } }: Snapshot, { leaf, tier, amounts }: Claimant): readonly Goal[] {
  const view = tier === 'burst' ? 'total' : 'firm'
  return [...upwards(leaf)].flatMap(node => {
    const tiers = giversAt(roleAt(quota, node).kind, tier)
    return [...amounts.keys()].toSorted().flatMap(key => {
      const atMost = limitAt(quota, node, key)
      return atMost === null ? [] : [{ view, node, class: key, atMost, tiers } as const]
    })
  })
}

function giversAt(kind: 'cohort' | 'pool' | 'tenant', tier: Tier): readonly ReclaimableTier[] {
  if (kind === 'cohort' && tier === 'burst') return ['burst']
  return kind === 'pool' && tier === 'shared' ? ['shared'] : []
}

/** What each pod asks for. Of a gang that is not all alike, or of which some have come, only one pod is known. */
function podsOf(id: string, { demand, gang }: RefusedDemand, inAll: Amounts): Task['pods'] {
  const one = nonZero(demand)
  if (excess(one, inAll).size > 0) return new Map()
  const size = gang?.size ?? 1
  const isAlike = sameAmounts(
    nonZero(inAll),
    new Map([...one].map(([key, each]) => [key, amount(each * BigInt(size))])),
  )
  return new Map(Array.from({ length: isAlike ? size : 1 }, (_, at) => [`${id}/${at}`, one]))
}

function demandId(tenant: string, owner: string): string {
  return `demand/${tenant}/${owner}`
}

function byAge(a: RefusedDemand, b: RefusedDemand): number {
  return a.sinceMs - b.sinceMs || (nameOf(a) < nameOf(b) ? -1 : 1)
}

function nameOf({ tenant, owner, name, tier }: RefusedDemand): string {
  return `${tenant}/${owner}/${name}/${tier}`
}
