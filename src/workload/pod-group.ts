import type { JsonObject } from '../schema/parts.ts'
import { countAt, UNTOLD } from './counts.ts'
import { sourceOf } from './draft.ts'
import { itemsAt, type Path, valueAt } from './json.ts'

/*
 * Groups of pods that a scheduler starts together or not at all, as their objects describe them. What a group says its members need
 * (`minResources`) is not read: it stands beside the pods and may say anything.
 */

type Minimum = (group: JsonObject) => number | undefined

const MINIMA: ReadonlyMap<string, Minimum> = new Map<string, Minimum>([
  ['scheduling.volcano.sh/PodGroup', countOf(['spec', 'minMember'])],
  ['scheduling.x-k8s.io/PodGroup', countOf(['spec', 'minMember'])],
  ['scheduling.run.ai/PodGroup', countOf(['spec', 'minMember'])],
  // Later versions of the API have renamed the field that holds the policy.
  [
    'scheduling.k8s.io/PodGroup',
    countOf(
      ['spec', 'schedulingPolicy', 'gang', 'minCount'],
      ['spec', 'policy', 'gang', 'minCount'],
      ['spec', 'gang', 'minCount'],
    ),
  ],
  ['scheduler.grove.io/PodGang', podGangMinimum],
])

/** How many pods a group starts together; undefined where it does not say, or where the object is no pod group. */
export function podGroupMinimum(object: JsonObject): number | undefined {
  return MINIMA.get(keyOf(object))?.(object)
}

function keyOf(object: JsonObject): string {
  const { group, kind } = sourceOf(object)
  return `${group}/${kind}`
}

function countOf(...paths: readonly Path[]): Minimum {
  return group => {
    const path = paths.find(candidate => valueAt(group, candidate) !== undefined)
    return path === undefined ? undefined : countAt(group, path, UNTOLD).value
  }
}

/** Grove counts by the kind of pod. */
function podGangMinimum(gang: JsonObject): number | undefined {
  const groups = itemsAt(gang, 'spec', 'podgroups')
  const minima = groups.flatMap(
    (_, index) => countAt(gang, ['spec', 'podgroups', index, 'minReplicas'], UNTOLD).value ?? [],
  )
  return groups.length === 0 || minima.length < groups.length
    ? undefined
    : minima.reduce((sum, count) => sum + count, 0)
}
