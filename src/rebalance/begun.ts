/**
 * Gangs whose eviction stopped halfway: whoever evicted was killed between two pods, or was refused one of them. Those who leave may
 * already be enough for the need, but half a gang is of no use to anybody, so the others go after them.
 */
import type { Evict, Rule } from './plan.ts'
import type { HeldPod, Snapshot } from './snapshot.ts'
import { surveyOf } from './survey.ts'
import type { Unit } from './units.ts'

/** What is left of a gang that is given up, and the need for which it was. */
export interface Rest {
  readonly unit: Unit
  readonly need: string
}

/**
 * It was given up if one of it leaves, and all of it had notice for the same need that has passed. A member that its own controller deletes
 * before that says nothing about the others. Neither budgets nor a minimum run are asked for again: they let the gang go, and the Eviction
 * API has the last word. Where reclaim is not On any more, nobody has to go.
 */
export function restsOf(snapshot: Snapshot): readonly Rest[] {
  const begun = new Set(snapshot.pods.filter(({ isLeaving }) => isLeaving).flatMap(pod => gangAndNeed(snapshot, pod)))
  if (begun.size === 0) return []
  const survey = surveyOf(snapshot)
  const isBegun = (pod: HeldPod) => gangAndNeed(snapshot, pod).some(key => begun.has(key))
  const units = new Set(
    snapshot.pods.filter(pod => !pod.isLeaving && isBegun(pod)).flatMap(one => survey.unitOf(one) ?? []),
  )
  return [...units]
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .filter(({ leaf }) => survey.termsAt(leaf).mode === 'On')
    .flatMap(unit => {
      const need = unit.pods[0]?.notice?.need
      const isWhole = unit.pods.every(pod => pod.notice?.need === need && isBegun(pod))
      return need !== undefined && isWhole ? [{ unit, need }] : []
    })
}

function gangAndNeed({ nowMs }: Snapshot, { gang, notice }: HeldPod): readonly string[] {
  return gang !== null && notice !== null && notice.deadlineMs <= nowMs ? [JSON.stringify([gang, notice.need])] : []
}

/** As it is once these are evicted: they leave, and what they use up of budgets nobody else may. */
export function withLeaving(snapshot: Snapshot, rests: readonly Rest[]): Snapshot {
  if (rests.length === 0) return snapshot
  const leaving = new Set(rests.flatMap(({ unit }) => unit.pods))
  const disruptionsAllowed = new Map(snapshot.disruptionsAllowed)
  for (const budget of [...leaving].flatMap(({ budgets }) => budgets)) {
    disruptionsAllowed.set(budget, (disruptionsAllowed.get(budget) ?? 0) - 1)
  }
  const evictedLastHour = new Map(snapshot.evictedLastHour)
  for (const { unit, need } of rests) {
    if (ruleOf(need) !== 'above-fair-share') continue
    evictedLastHour.set(unit.tenant, (evictedLastHour.get(unit.tenant) ?? 0) + unit.pods.length)
  }
  const pods = snapshot.pods.map(pod => (leaving.has(pod) ? { ...pod, isLeaving: true } : pod))
  return { ...snapshot, pods, disruptionsAllowed, evictedLastHour }
}

export function restEvictions(rests: readonly Rest[]): readonly Evict[] {
  return rests.map(({ unit: { tenant, tier, pods, amounts }, need }) => {
    return { kind: 'evict', rule: ruleOf(need), need, tenant, tier, pods: pods.map(({ uid }) => uid), amounts }
  })
}

/** The need itself may be gone, and only its id stands on the pods. */
function ruleOf(need: string): Rule {
  if (need.startsWith('entitled/')) return 'owner-came-back'
  return need.startsWith('excess/') ? 'over-its-limit' : 'above-fair-share'
}
