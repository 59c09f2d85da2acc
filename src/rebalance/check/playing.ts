/**
 * What becomes of a plan. Needs are met in turn, each where those before it leave off, so that is where each is judged. What is only shown
 * happens to nobody: whoever comes after finds everything as it was.
 */
import type { Issue } from '../../schema/parsed.ts'
import { wrongGivers } from './borrowers.ts'
import { play, type Scene, type Served, startOf } from './course.ts'
import { unfairTakings } from './fairness.ts'
import { brokenLimits } from './limits.ts'
import { unmetReasons } from './met.ts'
import { needlessVictims } from './minimal.ts'
import { type Placing, placingOf } from './placing.ts'
import { unprotectedIssues } from './protection.ts'
import { balanceFor, type Reckoning } from './reckoning.ts'

export function courseIssues(scene: Scene): readonly Issue[] {
  const running = startOf(scene)
  const placing = placingOf(scene)
  const applied: Served[] = []
  const onTheWay = scene.served.flatMap(served => {
    play(running, served, 1n)
    const issues = turnIssues(scene, running, served)
    if (served.met.isApplied) {
      applied.push(served)
      return issues
    }
    const shown = togetherIssues(scene, placing, [...applied, served], [served], running)
    play(running, served, -1n)
    return [...issues, ...shown]
  })
  return [
    ...onTheWay,
    ...togetherIssues(scene, placing, applied, applied, running),
    ...brokenLimits(scene, running.withAll),
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

/** What only shows once all of `played` has happened; of that, what is about `judged`. */
function togetherIssues(
  scene: Scene,
  placing: Placing,
  played: readonly Served[],
  judged: readonly Served[],
  end: Reckoning,
): readonly Issue[] {
  const homeless = placing.isPlaced(played) ? [] : [{ at: 'nodes', problem: 'they have no room for all who wait' }]
  return [...homeless, ...unprotectedIssues(scene, played), ...needlessVictims({ scene, placing, played, end }, judged)]
}
