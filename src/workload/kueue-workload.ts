import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { type Pod, parsePod } from '../schema/pod.ts'
import { countAt, exactly, least } from './counts.ts'
import { sourceOf } from './draft.ts'
import type { GangPart, GangShape } from './gang-shape.ts'
import { itemsAt, objectAt, type Path } from './json.ts'
import { withoutNulls } from './nulls.ts'

// Kueue itself allows 8.
const MAX_SETS = 64

/** Kueue's Workload: sets of pods of which all have to run, or `minCount` of a set that may be admitted in part. */
export function workloadShape(object: JsonObject): GangShape | undefined {
  const { group, kind } = sourceOf(object)
  if (`${group}/${kind}` !== 'kueue.x-k8s.io/Workload') return undefined
  const sets = itemsAt(object, 'spec', 'podSets')
  if (sets.length === 0 || sets.length > MAX_SETS) return undefined
  const known = sets.flatMap((set, index) => podSet(object, set, index) ?? [])
  if (known.length < sets.length) return undefined
  return { id: undefined, size: known.reduce((sum, { count }) => sum + count, 0), parts: known.map(({ part }) => part) }
}

function podSet(object: JsonObject, set: JsonValue, index: number) {
  const path: Path = ['spec', 'podSets', index]
  const count = countAt(object, [...path, 'count'], exactly(1))
  const members = least(count, countAt(object, [...path, 'minCount'], count))
  if (count.value === undefined || members.value === undefined) return undefined
  // A pod does not say which set it is of: sets are told apart by what their pods ask for.
  const part: GangPart = { role: '', pod: podOf(objectAt(set, 'template')), members: members.value }
  return { count: count.value, part }
}

function podOf(template: JsonObject): Pod | undefined {
  const metadata = {
    labels: objectAt(template, 'metadata', 'labels'),
    annotations: objectAt(template, 'metadata', 'annotations'),
  }
  const pod = parsePod(withoutNulls({ metadata, spec: objectAt(template, 'spec') }))
  return pod.ok ? pod.value : undefined
}
