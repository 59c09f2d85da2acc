/**
 * The plan for one tree. What is owed comes before what is fair, and nobody is evicted where a promotion is enough.
 *
 * The same snapshot gives the same plan, in whatever order its pods, tenants and nodes are listed: every choice is by a total order.
 */

import { type Course, isShown, type Met, pursued } from './course.ts'
import { claimNeeds, type Refused, refusedNeeds } from './needs/asked.ts'
import { byShareWith } from './needs/fair-order.ts'
import { type Entitled, entitledNeeds, excessNeeds, withoutVain } from './needs/owed.ts'
import { startOf, withClaims } from './outlook.ts'
import type { MetNeed, Plan } from './plan.ts'
import { promotedUnits, promotion } from './promotion.ts'
import { pursuerOf } from './refused-before.ts'
import type { Snapshot } from './snapshot.ts'
import { spared } from './spared.ts'
import { namesOf, rescinds, stepsFor } from './steps.ts'
import { type Survey, surveyOf } from './survey.ts'

export function planOf(snapshot: Snapshot): Plan {
  const survey = surveyOf(snapshot)
  const promoted = promotedUnits(survey)
  const start = startOf(snapshot, promoted)
  const begun: Course = { applied: start.outlook, shown: start.outlook, met: [], unmet: [] }

  const { course: granted, inVain } = grantedTo(survey, begun, entitledNeeds(snapshot, start))
  const excess = excessNeeds(snapshot, granted.applied, start, inVain)
  const owed = excess.reduce((course, task) => pursued(survey, course, task), granted)

  const claimed = withClaimsIn(snapshot, owed, start.claims)
  const held = claimNeeds(snapshot, start.claims).reduce((course, task) => pursued(survey, course, task), claimed)
  const all = refusedMet(survey, held, byShareWith(held.applied.total, refusedNeeds(snapshot)))

  const chosen = spared(survey, start, all.met).filter(one => isConsistent(survey, one))
  return {
    asOfMs: snapshot.nowMs,
    steps: [...promoted.map(promotion), ...stepsFor(survey, chosen), ...rescinds(snapshot, victimsOf(chosen))],
    met: chosen.map(metNeed),
    unmet: all.unmet,
  }
}

// Each may ask everybody in vain, which takes milliseconds in a large tree. Those who come after have waited less, or have more already; and
// the next cycle is soon.
const MOST_IN_VAIN = 100

/** The course once all who are entitled were tried, and those of them for whom nothing is done. */
function grantedTo(survey: Survey, begun: Course, entitled: readonly Entitled[]) {
  let course = begun
  const inVain: Entitled[] = []
  for (const one of entitled) {
    const next = inVain.length < MOST_IN_VAIN ? pursued(survey, course, withoutVain(one, inVain)) : course
    if (next.met.length === course.met.length) inVain.push(one)
    course = next
  }
  return { course, inVain }
}

function refusedMet(survey: Survey, held: Course, refused: readonly Refused[]): Course {
  const pursue = pursuerOf(survey)
  let course = held
  for (const demand of refused) {
    if (course.unmet.length - held.unmet.length >= MOST_IN_VAIN) break
    course = pursue(course, demand)
  }
  return course
}

function withClaimsIn(snapshot: Snapshot, course: Course, claims: Parameters<typeof withClaims>[2]): Course {
  const applied = withClaims(course.applied, snapshot, claims)
  const shown = course.shown === course.applied ? applied : withClaims(course.shown, snapshot, claims)
  return { ...course, applied, shown }
}

/** Where those are spared because of whom a need was only shown, the others give back for a plan that is not made: the next one may make it. */
function isConsistent(survey: Survey, { isApplied, units }: Met): boolean {
  return isApplied || units.length === 0 || units.some(unit => isShown(survey, unit))
}

function victimsOf(met: readonly Met[]): ReadonlySet<string> {
  return new Set(met.filter(({ isApplied }) => isApplied).flatMap(({ units }) => units.flatMap(namesOf)))
}

function metNeed({ task, units, isApplied }: Met): MetNeed {
  return { need: task.need, victims: units.flatMap(namesOf), isApplied }
}
