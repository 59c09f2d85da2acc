/**
 * What becomes of a plan. Needs are met in turn, each where those before it leave off, so that is where each is judged; who was not needed
 * shows at the end.
 *
 * It is played twice: as what happens, and as what is shown. Whoever is only shown a plan does not leave, so needs that are applied may
 * not count on them; those that are shown count on everybody.
 */
import type { Issue } from '../../schema/parsed.ts'
import { wrongGivers } from './borrowers.ts'
import { play, type Scene, type Served, startOf } from './course.ts'
import { unfairTakings } from './fairness.ts'
import { brokenLimits } from './limits.ts'
import { unmetReasons } from './met.ts'
import { needlessVictims } from './minimal.ts'
import type { Placing } from './placing.ts'
import { placingOf } from './placing.ts'
import { unprotectedIssues } from './protection.ts'
import { balanceFor, type Reckoning } from './reckoning.ts'

export function courseIssues(scene: Scene): readonly Issue[] {
  const placing = placingOf(scene)
  const applied = scene.served.filter(({ met }) => met.isApplied)
  const shown = scene.served.filter(({ met }) => !met.isApplied)
  return [
    ...playedIssues(scene, placing, applied, applied),
    ...(shown.length === 0 ? [] : playedIssues(scene, placing, scene.served, shown)),
  ]
}

/** What is wrong with `judged`, where all of `played` is played. */
function playedIssues(
  scene: Scene,
  placing: Placing,
  played: readonly Served[],
  judged: readonly Served[],
): readonly Issue[] {
  const running = startOf(scene)
  const isJudged = new Set(judged)
  const inTurn = played.flatMap(served => {
    play(running, served)
    return isJudged.has(served) ? turnIssues(scene, running, served) : []
  })
  const homeless = placing.isPlaced(played) ? [] : [{ at: 'nodes', problem: 'they have no room for all who wait' }]
  return [
    ...inTurn,
    ...homeless,
    ...unprotectedIssues(scene, played),
    ...brokenLimits(scene, running.claimed),
    ...needlessVictims({ scene, placing, played, end: running }, judged),
  ]
}

function turnIssues(scene: Scene, running: Reckoning, served: Served): readonly Issue[] {
  const balance = balanceFor(running, served.met.need)
  const unmet = unmetReasons(scene, balance, served)
  return [
    ...unmet.map(problem => ({ at: `need ${served.met.need.id}`, problem })),
    ...wrongGivers(scene, balance, served),
    ...unfairTakings(scene, balance, served),
  ]
}
