/**
 * The plan checker. It is the second opinion before a plan is carried out, so it shares nothing with whoever made it: neither the planner's
 * code nor the sums of the quota engine. It does not look for a better plan; it holds the one it is given against the rules that every
 * plan has to keep.
 */
import type { Issue } from '../../schema/parsed.ts'
import type { Plan } from '../plan.ts'
import type { Snapshot } from '../snapshot.ts'
import { wrongGivers } from './borrowers.ts'
import { play, type Scene, type Served, sceneOf, startOf } from './course.ts'
import { unfairTakings } from './fairness.ts'
import { holdIssues } from './holding.ts'
import { brokenLimits } from './limits.ts'
import { unmetReasons } from './met.ts'
import { needlessVictims } from './minimal.ts'
import { needIssues } from './needs.ts'
import { orderIssues } from './order.ts'
import { isPlaced } from './placing.ts'
import { promotionIssues } from './promotions.ts'
import { unprotectedIssues } from './protection.ts'
import { rescindIssues } from './rescinding.ts'
import { takingIssues } from './taking.ts'
import { victimIssues } from './victims.ts'

/** Every rule that the plan breaks, each with where; a sound plan has none. `at` names a step, a need and its victim, or a node. */
export function planIssues(snapshot: Snapshot, plan: Plan): readonly Issue[] {
  const scene = sceneOf(snapshot, plan)
  return [
    ...staleness(snapshot, plan),
    ...needIssues(scene, startOf(scene)),
    ...victimIssues(scene),
    ...orderIssues(plan),
    ...promotionIssues(scene),
    ...takingIssues(scene),
    ...holdIssues(scene),
    ...rescindIssues(scene),
    ...coursesOf(scene).flatMap(course => courseIssues(scene, course)),
  ]
}

function staleness({ nowMs }: Snapshot, { asOfMs }: Plan): readonly Issue[] {
  return asOfMs === nowMs ? [] : [{ at: 'plan', problem: `it was made as of ${asOfMs}, and this is ${nowMs}` }]
}

interface Course {
  readonly played: readonly Served[]
  /** Those of them that it is the measure for. */
  readonly judged: readonly Served[]
}

/**
 * What happens, and what is only shown. Whoever is only shown a plan does not leave, so needs that are applied may not count on them;
 * those that are shown count on everybody.
 */
function coursesOf({ served }: Scene): readonly Course[] {
  const applied = served.filter(({ met }) => met.isApplied)
  const shown = served.filter(({ met }) => !met.isApplied)
  return [{ played: applied, judged: applied }, ...(shown.length === 0 ? [] : [{ played: served, judged: shown }])]
}

function courseIssues(scene: Scene, { played, judged }: Course): readonly Issue[] {
  const running = startOf(scene)
  const isJudged = new Set(judged)
  const givers = played.flatMap(served => {
    play(running, served)
    if (!isJudged.has(served)) return []
    return [...wrongGivers(scene, running, served), ...unfairTakings(scene, running, served)]
  })
  const unmet = judged.flatMap(served =>
    unmetReasons(scene, running, served).map(problem => ({ at: `need ${served.met.need.id}`, problem })),
  )
  const homeless = isPlaced(scene, played) ? [] : [{ at: 'nodes', problem: 'they have no room for all who wait' }]
  return [
    ...givers,
    ...unmet,
    ...homeless,
    ...unprotectedIssues(scene, played),
    ...brokenLimits(scene, running),
    ...needlessVictims(scene, played, judged, running),
  ]
}
