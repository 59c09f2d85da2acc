/** Who of one leaf gives back before whom. The order is total, so one snapshot has one order. */
import type { HeldPod, ReclaimTerms, Snapshot } from '../snapshot.ts'
import { isHold, sizeOf, type Unit } from '../units.ts'

/**
 * What a gang holds for pods that have not come costs nobody a pod, so it goes first. Then those that were told already: a plan that
 * changed its mind every cycle would carry nothing out. Then the lowest priority, the idle, the least work lost, the youngest.
 */
export function byTurn(units: readonly Unit[], terms: ReclaimTerms, nowMs: Snapshot['nowMs']): readonly Unit[] {
  return units
    .map(unit => ({ unit, rank: rankOf(unit, terms, nowMs) }))
    .toSorted((a, b) => compareRanks(a.rank, b.rank))
    .map(({ unit }) => unit)
}

interface Rank {
  /** The smallest comes first, place by place. */
  readonly places: readonly (number | bigint)[]
  readonly key: string
}

function rankOf(unit: Unit, terms: ReclaimTerms, nowMs: number): Rank {
  const { pods } = unit
  const places = [
    isHold(unit) ? 0 : 1,
    pods.some(({ notice }) => notice !== null) ? 0 : 1,
    // A gang is as important as the most important of its pods.
    Math.max(...pods.map(({ priority }) => priority)),
    pods.every(pod => isIdle(pod, terms)) ? 0 : 1,
    workLost(pods, nowMs),
    -Math.min(...pods.map(({ createdAtMs }) => createdAtMs)),
  ]
  return { places, key: pods[0]?.uid ?? unit.key }
}

function compareRanks(a: Rank, b: Rank): number {
  const at = a.places.findIndex((place, index) => place !== b.places[index])
  if (at >= 0) return (a.places[at] ?? 0) < (b.places[at] ?? 0) ? -1 : 1
  if (a.key === b.key) return 0
  return a.key < b.key ? -1 : 1
}

function isIdle({ utilisation }: HeldPod, { idleBelow }: ReclaimTerms): boolean {
  return idleBelow !== null && utilisation !== null && utilisation < idleBelow
}

/** Milli-GPU times milliseconds since each pod began, or saved its work. */
function workLost(pods: readonly HeldPod[], nowMs: number): bigint {
  return pods.reduce((lost, { amounts, startedAtMs, savedAtMs }) => {
    if (startedAtMs === null) return lost
    const sinceMs = Math.max(startedAtMs, savedAtMs ?? startedAtMs)
    return lost + sizeOf(amounts) * BigInt(Math.max(0, Math.round(nowMs - sinceMs)))
  }, 0n)
}
