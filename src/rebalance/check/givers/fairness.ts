/**
 * Nobody gives back for another's demand who has no more than their share (Kueue, LessThanOrEqualToFinalShare at the almost-LCA): where
 * the ways of both to the root meet, the side that gives back must, without what it gives, still be above the side of the claimant with
 * what it gets, by the margin. That goes for all classes that are asked for together, and for each of them that is given back.
 */
import type { Issue } from '../../../schema/parsed.ts'
import type { Balance } from '../counting/balance.ts'
import { below, meetingPoint } from '../counting/paths.ts'
import { isBelowBy, portionOf, shareText } from '../counting/shares.ts'
import { classesOf } from '../counting/sums.ts'
import type { Scene, Served } from '../course.ts'
import type { Unit } from '../units.ts'
import { type Claimant, claimantOf } from './claimant.ts'
import { termsOf } from './terms.ts'

/** `balance` is the state in which this need has been served, and those before it. */
export function unfairTakings(scene: Scene, balance: Balance, served: Served): readonly Issue[] {
  const claimant = claimantOf(scene.snapshot, served)
  if (claimant === undefined) return []
  return served.units.flatMap(unit => {
    const problem = wrongTier(claimant, unit) ?? notAboveShare(scene, balance, claimant, unit)
    return problem === undefined ? [] : [{ at: `need ${served.met.need.id}, ${unit.key}`, problem }]
  })
}

/** Burst gives back for burst, and shared for shared of the same pool: all else is owed, and no question of fairness. */
function wrongTier({ load, leaf }: Claimant, unit: Unit): string | undefined {
  if (unit.tier !== load.tier) return `${unit.tier} is taken for ${load.tier} that was refused`
  const { node } = unit
  if (node.index === leaf.index) return `${unit.tenant} would give back to itself`
  return load.tier === 'shared' && node.parent !== leaf.parent ? 'it stands in another pool' : undefined
}

function notAboveShare(scene: Scene, balance: Balance, { load, leaf }: Claimant, unit: Unit): string | undefined {
  const { node } = unit
  const top = meetingPoint(node, leaf)
  const [givers, takers] = [below(node, top).at(-1), below(leaf, top).at(-1)]
  // What tenants that are gone hold stands beside every cohort, with a share in none.
  if (givers === undefined || takers === undefined) return undefined
  const { marginPerMille } = termsOf(scene.snapshot, unit.tenant)
  const asked = classesOf(load.amounts)
  const returned = asked.filter(key => (unit.amounts.get(key) ?? 0n) > 0n)
  for (const keys of [asked, ...returned.map(key => [key])]) {
    const [given, taken] = [portionOf(balance, givers, keys), portionOf(balance, takers, keys)]
    if (isBelowBy(marginPerMille, taken, given)) continue
    return (
      `${givers.name} is left a share of ${shareText(given)} for ${shareText(taken)} of ${takers.name}, ` +
      `which is not below it by ${marginPerMille}/1000, of ${keys.join(', ')}`
    )
  }
  return undefined
}
