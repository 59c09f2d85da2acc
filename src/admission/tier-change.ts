import { TIER_LABEL } from '../policy/owned-keys.ts'
import type { Pod } from '../schema/pod.ts'
import type { AdmissionRequest } from '../schema/review.ts'
import type { Denial } from './denial.ts'
import { textAt } from './objects.ts'
import { quoted } from './text.ts'

/** The refusal of an update that moves a pod to another tier: its charge would no longer be where its label says. */
export function tierChange(request: AdmissionRequest, pod: Pod): readonly Denial[] {
  const labels = pod.metadata.labels ?? {}
  const after = Object.hasOwn(labels, TIER_LABEL) ? labels[TIER_LABEL] : undefined
  const before = textAt(request.oldObject ?? undefined, 'metadata', 'labels', TIER_LABEL)
  if (before === after || request.oldObject === undefined || request.oldObject === null) return []
  return [
    {
      code: 'SLU-E120',
      reason: 'Invalid',
      field: `metadata.labels["${TIER_LABEL}"]`,
      message: `label ${TIER_LABEL} is fixed: ${quoted(before ?? '')} cannot become ${quoted(after ?? '')}`,
      fix: 'delete the pod and create it with the other tier',
    },
  ]
}
