/**
 * The plan for one tree. What is owed comes before what is fair, and nobody is evicted where a promotion is enough.
 *
 * The same snapshot gives the same plan, in whatever order its pods, tenants and nodes are listed: every choice is by a total order.
 */

import { restEvictions, restsOf, withLeaving } from './begun.ts'
import { type Course, isShown, type Met, pursued } from './course.ts'
import { claimNeeds, type Refused, refusedNeeds } from './needs/asked.ts'
import { byShareWith } from './needs/fair-order.ts'
import { type Entitled, entitledNeeds, excessNeeds, type Part, withoutVain, withPart } from './needs/owed.ts'
import { startOf, withClaims } from './outlook.ts'
import { patienceIn } from './patience.ts'
import type { MetNeed, Plan } from './plan.ts'
import { promotedUnits, promotion } from './promotion.ts'
import { pursuerOf } from './refused-before.ts'
import type { Snapshot } from './snapshot.ts'
import { spared } from './spared.ts'
import { namesOf, rescinds, stepsFor } from './steps.ts'
import { type Survey, surveyOf } from './survey.ts'

export function planOf(seen: Snapshot): Plan {
  const rests = restsOf(seen)
  const snapshot = withLeaving(seen, rests)
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
    steps: [
      ...promoted.map(promotion),
      ...stepsFor(survey, chosen, restEvictions(rests)),
      ...rescinds(snapshot, victimsOf(chosen)),
    ],
    met: chosen.map(metNeed),
    unmet: all.unmet,
  }
}

interface Granted {
  readonly course: Course
  /** What those ask for for whom nothing is done. */
  readonly inVain: readonly Part[]
}

/** Once all who are entitled were tried. */
function grantedTo(survey: Survey, begun: Course, entitled: readonly Entitled[]): Granted {
  const patience = patienceIn(survey)
  let inVain: readonly Part[] = []
  let course = begun
  for (const one of entitled) {
    const task = withoutVain(one, inVain)
    const next = patience.attempt(one.tenant, task, course, at => pursued(survey, at, task))
    if (next.met.length === course.met.length) inVain = withPart(inVain, one)
    course = next
  }
  return { course: { ...course, unmet: [...course.unmet, ...patience.untried()] }, inVain }
}

function refusedMet(survey: Survey, held: Course, refused: readonly Refused[]): Course {
  const pursue = pursuerOf(survey)
  const patience = patienceIn(survey)
  let course = held
  for (const demand of refused) {
    const [first] = demand.attempts
    if (first === undefined) continue
    course = patience.attempt(first.claim.tenant, first.task, course, at => pursue(at, demand))
  }
  return { ...course, unmet: [...course.unmet, ...patience.untried()] }
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
