/**
 * The plan for one tree. What is owed comes before what is fair, and nobody is evicted where a promotion is enough.
 *
 * The same snapshot gives the same plan, in whatever order its pods, tenants and nodes are listed: every choice is by a total order.
 */
import { claimNeeds, refusedNeeds } from './asked.ts'
import { type Course, withClaim, withOwed, withRefused } from './course.ts'
import { byShareWith } from './fair-order.ts'
import { outlookOf } from './outlook.ts'
import { type Entitled, entitledNeeds, excessNeeds } from './owed.ts'
import type { Plan } from './plan.ts'
import { promotions } from './promotion.ts'
import type { Snapshot } from './snapshot.ts'
import { rescinds } from './steps.ts'
import { surveyOf } from './survey.ts'

export function planOf(snapshot: Snapshot): Plan {
  const survey = surveyOf(snapshot)
  const { steps, outlook } = promotions(survey, outlookOf(snapshot))
  const start: Course = { outlook, steps, met: [], unmet: [] }

  const entitled = entitledNeeds(snapshot, outlook)
  const one = entitled.reduce((course, { task }) => withOwed(survey, course, task), start)
  const excess = excessNeeds(snapshot, one.outlook, inVain(entitled, one))
  const two = excess.reduce((course, task) => withOwed(survey, course, task), one)
  const three = claimNeeds(snapshot).reduce((course, task) => withClaim(survey, course, task), two)
  const refused = byShareWith(three.outlook.total, refusedNeeds(snapshot, three.outlook))
  const four = refused.reduce((course, demand) => withRefused(survey, course, demand), three)

  return {
    asOfMs: snapshot.nowMs,
    steps: [...four.steps, ...rescinds(snapshot, victimsOf(four))],
    met: four.met,
    unmet: four.unmet,
  }
}

/** The entitled for whom nothing is done. */
function inVain(entitled: readonly Entitled[], { met }: Course): readonly Entitled[] {
  const served = new Set(met.filter(({ isApplied }) => isApplied).map(({ need }) => need.id))
  return entitled.filter(({ task }) => !served.has(task.need.id))
}

function victimsOf({ met }: Course): ReadonlySet<string> {
  return new Set(met.filter(({ isApplied }) => isApplied).flatMap(({ victims }) => victims))
}
