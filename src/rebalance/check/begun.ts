/**
 * What is left of gangs whose eviction was cut short: one leaves, and all of them had notice for the same need that has passed. It leaves as
 * well, by a step of its own and for nobody's need, so a plan is judged as if it were leaving already.
 */
import type { HeldPod, Snapshot } from '../snapshot.ts'
import { termsOf } from './givers/terms.ts'
import { type Unit, unitsOf } from './units.ts'

export interface Rest {
  readonly unit: Unit
  readonly need: string
}

export function restsIn(snapshot: Snapshot): readonly Rest[] {
  const left = Map.groupBy(
    snapshot.pods.filter(({ gang, isLeaving }) => gang !== null && isLeaving),
    ({ gang }) => gang,
  )
  if (left.size === 0) return []
  const units = unitsOf(snapshot)
  const others = snapshot.pods.filter(({ gang, isLeaving }) => !isLeaving && left.has(gang))
  const found = new Map(others.flatMap(({ uid }) => units.named(uid) ?? []).map(unit => [unit.key, unit]))
  return [...found.values()].flatMap(unit => {
    const need = passedFor(snapshot, unit.pods)
    const isBegun = left.get(unit.gang)?.some(pod => passedFor(snapshot, [pod]) === need)
    const isTaken = unit.tier === 'burst' || unit.tier === 'shared'
    return need !== null && isBegun && isTaken && termsOf(snapshot, unit.tenant).mode === 'On' ? [{ unit, need }] : []
  })
}

/** The one need for which all of them had notice until now, or before. */
function passedFor({ nowMs }: Snapshot, pods: readonly HeldPod[]): string | null {
  const [need = null, ...more] = new Set(pods.map(({ notice }) => notice?.need ?? null))
  const hasPassed = pods.every(({ notice }) => notice !== null && notice.deadlineMs <= nowMs)
  return hasPassed && more.length === 0 ? need : null
}

/** With them leaving, and less left of what budgets and an hour's evictions allow. */
export function afterThem(snapshot: Snapshot, rests: readonly Rest[]): Snapshot {
  const uids = new Set(rests.flatMap(({ unit }) => unit.pods.map(({ uid }) => uid)))
  if (uids.size === 0) return snapshot
  const disrupted = rests.flatMap(({ unit }) => unit.pods.flatMap(({ budgets }) => budgets))
  const evicted = rests.filter(({ need }) => isFair(need)).flatMap(({ unit }) => unit.pods.map(({ tenant }) => tenant))
  return {
    ...snapshot,
    pods: snapshot.pods.map(pod => ({ ...pod, isLeaving: pod.isLeaving || uids.has(pod.uid) })),
    disruptionsAllowed: changed(snapshot.disruptionsAllowed, disrupted, -1),
    evictedLastHour: changed(snapshot.evictedLastHour, evicted, 1),
  }
}

function changed(
  counts: ReadonlyMap<string, number>,
  names: readonly string[],
  by: number,
): ReadonlyMap<string, number> {
  const result = new Map(counts)
  for (const name of names) result.set(name, (result.get(name) ?? 0) + by)
  return result
}

/** What is owed says so in its id. */
export function isFair(need: string): boolean {
  return !/^(entitled|excess)\//.test(need)
}
