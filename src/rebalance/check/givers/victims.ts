/** Who is named to give back: somebody who is there, once, whole, and taken back from at all. */
import type { Issue } from '../../../schema/parsed.ts'
import type { MetNeed } from '../../plan.ts'
import type { Scene } from '../course.ts'
import type { Unit, Units } from '../units.ts'
import { termsOf } from './terms.ts'

export function victimIssues(scene: Scene): readonly Issue[] {
  return [
    ...repeated(scene),
    ...scene.plan.met.flatMap(met => unknown(scene, met)),
    ...scene.served.flatMap(({ met, units }) => {
      const named = new Set(met.victims)
      return units.flatMap(unit => {
        const problems = [...split(named, unit), ...untouchable(unit)]
        return problems.map(problem => ({ at: `need ${met.need.id}, ${unit.key}`, problem }))
      })
    }),
    ...scene.served.flatMap(({ met, units }) => modeIssues(scene, met, units)),
  ]
}

function repeated({ plan }: Scene): readonly Issue[] {
  const seen = new Set<string>()
  const all = plan.met.flatMap(({ need, victims }) => victims.map(victim => ({ need, victim })))
  return all
    .filter(({ victim }) => seen.size === seen.add(victim).size)
    .map(({ need, victim }) => ({ at: `need ${need.id}`, problem: `${victim} is named to give back a second time` }))
}

function unknown({ units }: Scene, { need, victims }: MetNeed): readonly Issue[] {
  return victims
    .filter(victim => units.named(victim) === undefined)
    .map(victim => ({ at: `need ${need.id}`, problem: `${victim} is ${missing(units, victim)}` }))
}

function missing(units: Units, victim: string): string {
  return units.pod(victim) === undefined ? 'no pod of the tree, and no gang for which room is held' : 'leaving already'
}

function split(named: ReadonlySet<string>, { pods }: Unit): readonly string[] {
  const spared = pods.filter(({ uid }) => !named.has(uid))
  return spared.length === 0 ? [] : [`the gang is split: ${spared.map(({ uid }) => uid).join(', ')} would stay`]
}

function untouchable({ tier }: Unit): readonly string[] {
  return tier === 'reserved' ? ['what is reserved is never taken back'] : []
}

/** In a cohort that is only shown plans nothing happens to anybody, and so a need that counts on one of its pods is not met. */
function modeIssues({ snapshot }: Scene, { need, isApplied }: MetNeed, units: readonly Unit[]): readonly Issue[] {
  const modes = units.map(unit => ({ unit, mode: termsOf(snapshot, unit.tenant).mode }))
  const isShown = modes.some(({ mode }) => mode === 'DryRun')
  const off = modes.filter(({ mode }) => mode === 'Off')
  return [
    ...off.map(({ unit }) => ({ at: `need ${need.id}, ${unit.key}`, problem: `reclaim is Off for ${unit.tenant}` })),
    ...(isShown && isApplied
      ? [{ at: `need ${need.id}`, problem: 'it is applied although a victim is only shown plans' }]
      : []),
    ...(!isShown && !isApplied && units.length > 0
      ? [{ at: `need ${need.id}`, problem: 'it is not applied although no victim is only shown plans' }]
      : []),
  ]
}
