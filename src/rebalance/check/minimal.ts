/** Nobody gives back who is not needed: with any one of them left alone, some need is no longer met. */
import type { Issue } from '../../schema/parsed.ts'
import type { Balance } from './balance.ts'
import type { Scene, Served } from './course.ts'
import { unmetReasons } from './met.ts'
import { isPlaced } from './placing.ts'
import type { Unit } from './units.ts'

/** Of the victims for `judged`, in the state in which all that is played has been. `end` is the same afterwards. */
export function needlessVictims(
  scene: Scene,
  played: readonly Served[],
  judged: readonly Served[],
  end: Balance,
): readonly Issue[] {
  return judged.flatMap(served =>
    served.units
      .filter(unit => isNeedless(scene, played, end, unit))
      .map(unit => ({
        at: `need ${served.met.need.id}, ${unit.key}`,
        problem: 'it is not needed: without it every need is still met',
      })),
  )
}

function isNeedless(scene: Scene, course: readonly Served[], end: Balance, spared: Unit): boolean {
  for (const load of spared.loads) end.change(load, 1n)
  const isStillMet = course.every(served => unmetReasons(scene, end, served).length === 0)
  for (const load of spared.loads) end.change(load, -1n)
  return isStillMet && isPlaced(scene, course, spared)
}
