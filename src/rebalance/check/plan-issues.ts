/**
 * The plan checker. It is the second opinion before a plan is carried out, so it shares nothing with whoever made it: neither the planner's
 * code nor the sums of the quota engine. It does not look for a better plan; it holds the one it is given against the rules that every
 * plan has to keep.
 */
import type { Issue } from '../../schema/parsed.ts'
import type { Plan } from '../plan.ts'
import type { Snapshot } from '../snapshot.ts'
import { afterThem, restsIn } from './begun.ts'
import { sceneOf, startOf } from './course.ts'
import { victimIssues } from './givers/victims.ts'
import { needIssues } from './needs/needs.ts'
import { courseIssues } from './playing.ts'
import { endingIssues } from './steps/ending.ts'
import { holdIssues } from './steps/holding.ts'
import { orderIssues } from './steps/order.ts'
import { promotionIssues } from './steps/promotions.ts'
import { rescindIssues } from './steps/rescinding.ts'
import { takingIssues } from './steps/taking.ts'

/** Every rule that the plan breaks, each with where; a sound plan has none. `at` names a step, a need and its victim, or a node. */
export function planIssues(snapshot: Snapshot, plan: Plan): readonly Issue[] {
  const rests = restsIn(snapshot)
  const scene = sceneOf(afterThem(snapshot, rests), plan)
  return [
    ...staleness(snapshot, plan),
    ...needIssues(scene, startOf(scene).used),
    ...victimIssues(scene),
    ...orderIssues(plan),
    ...promotionIssues(scene),
    ...endingIssues(scene, rests),
    ...takingIssues(scene, rests),
    ...holdIssues(scene),
    ...rescindIssues(scene),
    ...courseIssues(scene),
  ]
}

function staleness({ nowMs }: Snapshot, { asOfMs }: Plan): readonly Issue[] {
  return asOfMs === nowMs ? [] : [{ at: 'plan', problem: `it was made as of ${asOfMs}, and this is ${nowMs}` }]
}
