/** A plan played through: who gives back for each need, and what is held for it then. */
import { amount } from '../../quantity/amount.ts'
import { claimKey } from '../../quota/claim.ts'
import { find } from '../../quota/persistent-map.ts'
import type { Tier } from '../../schema/parts.ts'
import type { Need } from '../need.ts'
import type { MetNeed, Plan, Promote } from '../plan.ts'
import type { HeldPod, RefusedDemand, Snapshot } from '../snapshot.ts'
import { type Balance, balanceOf, type Load } from './counting/balance.ts'
import { change, type Reckoning, reckoningOf } from './counting/reckoning.ts'
import { totalOf } from './counting/sums.ts'
import { type Unit, type Units, unitsOf } from './units.ts'

export interface Scene {
  readonly snapshot: Snapshot
  readonly plan: Plan
  readonly units: Units
  /** What the ledger holds; never changed. */
  readonly held: Balance
  /** In the order in which they are met. */
  readonly served: readonly Served[]
}

export interface Served {
  /** With what may be used claims aside, where it says how much. */
  readonly met: MetNeed
  /** Each once, and those only that exist. */
  readonly units: readonly Unit[]
  /** What is held for it from now on; of a need that is only shown, what would be. null where nothing new is. */
  readonly held: Load | null
}

export function sceneOf(snapshot: Snapshot, plan: Plan): Scene {
  const bare = { snapshot, plan, units: unitsOf(snapshot), held: balanceOf(snapshot.book) }
  const start = startOf(bare)
  const holds = plan.steps.flatMap(step => (step.kind === 'hold' ? [step] : []))
  const claims = new Map(holds.map(({ need, claim }) => [need, claim]))
  const taken = new Set<string>()
  const served = plan.met.map(one => {
    const met = { ...one, need: withoutClaims(start, one.need) }
    const all = met.victims.flatMap(victim => bare.units.named(victim) ?? [])
    const units = all.filter(({ key }) => taken.size < taken.add(key).size)
    return { met, units, held: heldFor(snapshot, claims, met, units) }
  })
  return { ...bare, served }
}

/** A need says how much may be used with what is claimed at its node, as people see it; it is judged without. */
function withoutClaims({ used, claimed }: Reckoning, need: Need): Need {
  if (need.kind === 'claim' || need.kind === 'refused') return need
  const { node, class: key, atMost } = need
  const onlyClaimed = claimed.used('total', node, key) - used.used('total', node, key)
  return { ...need, atMost: amount(atMost - onlyClaimed) }
}

/** What the ledger holds without those that leave already, and with the promotions carried out. */
export function startOf({ snapshot, plan, units, held }: Omit<Scene, 'served'>): Reckoning {
  const reckoning = reckoningOf(snapshot, held)
  for (const pod of units.leaving) change(reckoning, pod, -1n)
  promoteIn(reckoning.used, snapshot, plan, units)
  promoteIn(reckoning.claimed, snapshot, plan, units)
  return reckoning
}

/** Moves what is promoted. What a claim holds already in the better tier, from a cycle that was cut short, is not held twice. */
export function promoteIn(balance: Balance, snapshot: Snapshot, plan: Plan, units: Units): void {
  for (const step of plan.steps) {
    if (step.kind !== 'promote') continue
    for (const pod of promoted(step, units)) {
      balance.change(pod, -1n)
      balance.change({ ...pod, tier: step.to }, 1n)
      const claim = find(snapshot.book.ledger.claims, claimKey(pod.tenant, { kind: 'pod', uid: pod.uid }))
      if (claim !== undefined) balance.change(claim, -1n)
    }
  }
}

/** Whoever gives back for a need is gone, and what it asked for is held. */
export function play(reckoning: Reckoning, { units, held }: Served): void {
  for (const load of units.flatMap(unit => unit.loads)) change(reckoning, load, -1n)
  if (held !== null) reckoning.claimed.change(held, 1n)
}

function promoted({ pods }: Promote, units: Units): readonly HeldPod[] {
  return [...new Set(pods)].flatMap(uid => units.pod(uid) ?? [])
}

/** By the need they are held for. */
type Claims = ReadonlyMap<string, Load>

function heldFor(snapshot: Snapshot, claims: Claims, { need }: MetNeed, units: readonly Unit[]): Load | null {
  if (need.kind !== 'refused') return null
  const claim = claims.get(need.id)
  if (claim !== undefined) return claim
  const { tenant } = need.demand
  return { tenant, tier: likelyTier(snapshot, need.demand, units), amounts: wholeOf(need.demand) }
}

/** The tier that is meant where no hold says it: in fairness, nobody gives back but those of the same tier. */
function likelyTier({ book }: Snapshot, { tenant, tier }: RefusedDemand, [first]: readonly Unit[]): Tier {
  if (tier !== 'auto') return tier
  return first?.tier ?? book.quota.tenants.get(tenant)?.spec.tierOrder.at(-1) ?? 'burst'
}

/** What has to fit at once: with the first pod of a gang all of it. */
export function wholeOf({ demand, gang }: RefusedDemand): Load['amounts'] {
  if (gang === undefined) return demand
  const keys = new Set([...demand.keys(), ...gang.demand.keys()])
  const greater = (a = 0n, b = 0n) => (a > b ? a : b)
  return totalOf([new Map([...keys].map(key => [key, greater(demand.get(key), gang.demand.get(key))]))])
}
