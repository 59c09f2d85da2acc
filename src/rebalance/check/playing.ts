/**
 * What becomes of a plan. Each need takes where those before it leave off, so there it is judged from whom it takes. Whether it is met shows
 * there or at the end, and who was not needed only at the end: what is given back for one need may be enough for another.
 *
 * It is played twice: as what happens, and as what is shown. Whoever is only shown a plan does not leave, so needs that are applied may
 * not count on them; those that are shown count on everybody.
 */
import type { Issue } from '../../schema/parsed.ts'
import { balanceFor, type Reckoning } from './counting/reckoning.ts'
import { play, type Scene, type Served, startOf } from './course.ts'
import { wrongGivers } from './givers/borrowers.ts'
import { unfairTakings } from './givers/fairness.ts'
import { needlessVictims } from './givers/minimal.ts'
import { unprotectedIssues } from './givers/protection.ts'
import { brokenLimits } from './limits.ts'
import { unmetReasons } from './needs/met.ts'
import { type Placing, placingOf } from './needs/placing.ts'

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
  const unmetInTurn: Served[] = []
  const inTurn = played.flatMap(served => {
    play(running, served)
    if (!isJudged.has(served)) return []
    if (unmetIssues(scene, running, served).length > 0) unmetInTurn.push(served)
    return turnIssues(scene, running, served)
  })
  const homeless = placing.isPlaced(played) ? [] : [{ at: 'nodes', problem: 'they have no room for all who wait' }]
  return [
    ...inTurn,
    ...unmetInTurn.flatMap(served => unmetIssues(scene, running, served)),
    ...homeless,
    ...unprotectedIssues(scene, played),
    ...brokenLimits(scene, running.claimed),
    ...needlessVictims({ scene, placing, played, end: running }, judged),
  ]
}

function turnIssues(scene: Scene, running: Reckoning, served: Served): readonly Issue[] {
  const balance = balanceFor(running, served.met.need)
  return [...wrongGivers(scene, balance, served), ...unfairTakings(scene, balance, served)]
}

/** Shared demand is held as if burst were not there, so it may take from a claim of burst what that was given before. */
function unmetIssues(scene: Scene, running: Reckoning, served: Served): readonly Issue[] {
  const { need } = served.met
  const problems = unmetReasons(scene, balanceFor(running, need), served)
  return problems.map(problem => ({ at: `need ${need.id}`, problem }))
}
