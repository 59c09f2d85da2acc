/** Whether the needs of a plan are real: a plan that makes one up could take from anybody. */
import type { Issue } from '../../../schema/parsed.ts'
import type { Need } from '../../need.ts'
import type { Balance } from '../counting/balance.ts'
import type { Scene } from '../course.ts'
import { notClaimed, notRefused } from './asked-needs.ts'
import { notOver, notOwners, notWaiting } from './owed-needs.ts'

/** `start` is what is used before anybody gives back, claims aside. */
export function needIssues(scene: Scene, start: Balance): readonly Issue[] {
  const needs = scene.served.map(({ met }) => met.need)
  const ids = [...needs, ...scene.plan.unmet.map(({ need }) => need)].map(({ id }) => id)
  const seen = new Set<string>()
  const repeated = new Set(ids.filter(id => seen.size === seen.add(id).size))
  return [
    ...[...repeated].map(id => ({ at: `need ${id}`, problem: 'it is named twice' })),
    ...needs.flatMap(need => faultsOf(scene, start, need).map(problem => ({ at: `need ${need.id}`, problem }))),
  ]
}

function faultsOf(scene: Scene, start: Balance, need: Need): readonly string[] {
  switch (need.kind) {
    case 'entitled':
      return [...notOver(scene, start, need), ...notWaiting(scene, need)]
    case 'excess':
      return [...notOver(scene, start, need), ...notOwners(scene, need)]
    case 'claim':
      return notClaimed(scene, need)
    case 'refused':
      return notRefused(scene, need)
  }
}
