import type { Pod } from '../schema/pod.ts'
import { annotationAt, textAt } from './workload-places.ts'
import type { SizeSource } from './workload-rule.ts'

const MAX_GANG_SIZE = 100_000
// A task-groups annotation holds one small object per group; the cap bounds what a hostile one can cost.
const MAX_TASK_GROUPS_TEXT = 16_384

/** The first number of pods that the pod itself tells. */
export function sizeFrom(pod: Pod, sources: readonly SizeSource[]): number | undefined {
  for (const source of sources) {
    const size = sizeAt(pod, source)
    if (size !== undefined) return size
  }
  return undefined
}

function sizeAt(pod: Pod, source: SizeSource): number | undefined {
  if ('count' in source) return countOf(textAt(pod, source.count))
  if ('taskGroups' in source) return taskGroupSize(annotationAt(pod, source.taskGroups))
  const processes = countOf(textAt(pod, source.processes))
  // The operator multiplies by a number only, and counts one process per pod for "auto", "gpu" and the like.
  const perPod = countOf(textAt(pod, source.perPod)) ?? 1
  return processes !== undefined && processes % perPod === 0 ? processes / perPod : undefined
}

function taskGroupSize(text: string | undefined): number | undefined {
  if (text === undefined || text.length > MAX_TASK_GROUPS_TEXT) return undefined
  const members = parsedList(text).map(group => countOf(Object(group)?.minMember))
  const total = members.reduce<number>((sum, count) => sum + (count ?? Number.NaN), 0)
  return countOf(total)
}

function parsedList(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : []
  } catch {
    // The tenant's annotation is not JSON: no size can be read from it, and that is not ours to punish.
    return []
  }
}

/** A whole number of pods, as a number or in digits; junk, zero and absurd numbers are no count. */
export function countOf(value: unknown): number | undefined {
  const count = typeof value === 'string' && /^[1-9]\d{0,5}$/.test(value) ? Number(value) : value
  return typeof count === 'number' && Number.isInteger(count) && count >= 1 && count <= MAX_GANG_SIZE
    ? count
    : undefined
}
