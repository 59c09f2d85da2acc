import type { PatchOperation } from '../policy/patch.ts'
import type { AdmissionRequest } from '../schema/review.ts'
import { type Denial, denialLine, denialText, worstFirst } from './denial.ts'
import { asciiLine, truncate } from './text.ts'

/** The answer to a review, as `admission.k8s.io/v1` has it. */
export interface AdmissionReviewResponse {
  readonly apiVersion: 'admission.k8s.io/v1'
  readonly kind: 'AdmissionReview'
  readonly response: AdmissionResponse
}

export interface AdmissionResponse {
  readonly uid: string
  readonly allowed: boolean
  readonly patchType?: 'JSONPatch'
  readonly patch?: string
  readonly warnings?: readonly string[]
  readonly status?: Status
}

interface Status {
  readonly code: number
  readonly reason: string
  readonly message: string
  readonly details?: { readonly kind: string; readonly name: string; readonly causes: readonly Cause[] }
}

interface Cause {
  readonly reason: string
  readonly field: string
  readonly message: string
}

// The API server cuts warnings at 256 characters and drops them past 4,096 in all; ours stay readable in a terminal.
const MAX_WARNINGS = 5
export const MAX_WARNING_LENGTH = 120

/** `command`: what shows the warnings that have no room. */
export function allowed(
  request: AdmissionRequest,
  operations: readonly PatchOperation[],
  warnings: readonly string[],
  command?: string,
): AdmissionResponse {
  const patch =
    operations.length === 0
      ? {}
      : { patchType: 'JSONPatch' as const, patch: Buffer.from(JSON.stringify(operations)).toString('base64') }
  return { uid: request.uid, allowed: true, ...patch, ...warningsOf(warnings, command) }
}

/**
 * A refusal. Controllers act on its class: Forbidden is tried again, Invalid is final. kubectl prints the causes of an Invalid
 * and drops its message, events show only the message, so both say everything.
 */
export function refused(
  request: AdmissionRequest,
  name: string,
  denials: readonly Denial[],
  warnings: readonly string[],
): AdmissionResponse {
  const message = denialText(denials)
  const isInvalid = denials.some(denial => denial.reason === 'Invalid')
  const status: Status = isInvalid
    ? {
        code: 422,
        reason: 'Invalid',
        message,
        details: { kind: asciiLine(request.kind.kind), name: asciiLine(name), causes: causesOf(denials) },
      }
    : { code: 403, reason: 'Forbidden', message }
  return { uid: request.uid, allowed: false, status, ...warningsOf(warnings) }
}

export function reviewOf(response: AdmissionResponse): AdmissionReviewResponse {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }
}

function causesOf(denials: readonly Denial[]): readonly Cause[] {
  return worstFirst(denials).map(denial => ({
    reason: denial.reason === 'Invalid' ? 'FieldValueInvalid' : 'FieldValueForbidden',
    field: asciiLine(denial.field ?? 'spec'),
    message: denialLine(denial),
  }))
}

function warningsOf(warnings: readonly string[], command = 'sluice review'): { readonly warnings?: readonly string[] } {
  const lines = [...new Set(warnings.map(warning => truncate(asciiLine(warning), MAX_WARNING_LENGTH)))]
  if (lines.length === 0) return {}
  if (lines.length <= MAX_WARNINGS) return { warnings: lines }
  const shown = lines.slice(0, MAX_WARNINGS - 1)
  return { warnings: [...shown, `and ${lines.length - shown.length} more warnings: ${command} shows them all`] }
}
