import { DEADLINE_ANNOTATION, NEED_ANNOTATION } from '../policy/owned-keys.ts'
import type { Pod } from '../schema/pod.ts'
import type { AdmissionRequest } from '../schema/review.ts'
import type { Denial } from './denial.ts'
import { textAt } from './objects.ts'

/** What a pod is told that will have to go. Whoever could take it off would be told anew, and never go. */
export const NOTICE_ANNOTATIONS = [DEADLINE_ANNOTATION, NEED_ANNOTATION] as const

/** The refusal of an update by anybody but the rebalancer that gives, changes or takes off a notice. */
export function noticeChange(request: AdmissionRequest, pod: Pod): readonly Denial[] {
  const { oldObject } = request
  if (oldObject === undefined || oldObject === null) return []
  const annotations = pod.metadata.annotations ?? {}
  return NOTICE_ANNOTATIONS.filter(key => {
    const after = Object.hasOwn(annotations, key) ? annotations[key] : undefined
    return textAt(oldObject, 'metadata', 'annotations', key) !== after
  }).map(key => ({
    code: 'SLU-E122',
    reason: 'Invalid',
    field: `metadata.annotations["${key}"]`,
    message: `annotation ${key} is written by Sluice alone`,
    fix: 'leave it as it is: Sluice takes it off when the pod may stay',
  }))
}
