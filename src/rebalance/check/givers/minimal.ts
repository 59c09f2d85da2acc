/** Nobody gives back who is not needed: with any one of them left alone, some need is no longer met, or no longer fair. */
import type { Issue } from '../../../schema/parsed.ts'
import { balanceFor, change, type Reckoning } from '../counting/reckoning.ts'
import { play, type Scene, type Served, startOf } from '../course.ts'
import { unmetReasons } from '../needs/met.ts'
import type { Placing } from '../needs/placing.ts'
import type { Unit } from '../units.ts'
import { wrongGivers } from './borrowers.ts'
import { unfairTakings } from './fairness.ts'

export interface Outcome {
  readonly scene: Scene
  readonly placing: Placing
  readonly played: readonly Served[]
  /** Where all of that has been played; the same afterwards. */
  readonly end: Reckoning
}

export function needlessVictims(outcome: Outcome, judged: readonly Served[]): readonly Issue[] {
  const nameOf = ({ gang, node }: Unit) => `${gang} at ${node.index}`
  const gangs = new Set(
    outcome.played.flatMap(({ units }) => units.flatMap(unit => (unit.kind === 'pods' ? [nameOf(unit)] : []))),
  )
  return judged.flatMap(served =>
    served.units
      // Room for members that have not come is of no use once the others are gone.
      .filter(unit => !(unit.kind === 'hold' && gangs.has(nameOf(unit))) && isNeedless(outcome, unit))
      .map(unit => ({
        at: `need ${served.met.need.id}, ${unit.key}`,
        problem: 'it is not needed: without it every need is still met',
      })),
  )
}

function isNeedless({ scene, placing, played, end }: Outcome, spared: Unit): boolean {
  for (const load of spared.loads) change(end, load, 1n)
  const isStillMet = played.every(served => {
    return unmetReasons(scene, balanceFor(end, served.met.need), served).length === 0
  })
  for (const load of spared.loads) change(end, load, -1n)
  return isStillMet && placing.isPlaced(played, spared) && isFairWithout(scene, played, spared)
}

/** Somebody may have to give back so that a need of fairness is one: it is their own tenant that asks, or that others give to. */
function isFairWithout(scene: Scene, played: readonly Served[], spared: Unit): boolean {
  const running = startOf(scene)
  return played.every(served => {
    const others = { ...served, units: served.units.filter(({ key }) => key !== spared.key) }
    play(running, others)
    const balance = balanceFor(running, others.met.need)
    return [...wrongGivers(scene, balance, others), ...unfairTakings(scene, balance, others)].length === 0
  })
}
