import { failed, formatIssue, type Issue, type Parsed, parsed } from '../schema/parsed.ts'
import { type Pod, parsePod } from '../schema/pod.ts'
import { type AdmissionRequest, parseReview } from '../schema/review.ts'
import type { Denial } from './denial.ts'
import type { Answer } from './endpoint.ts'
import { asciiLine, truncate } from './text.ts'

/** A review as a pod webhook may act on it. */
export interface PodReview {
  readonly request: AdmissionRequest
  /** The pod, or why it cannot be read as one: then the tenant is told, where the review itself was in order. */
  readonly pod: Parsed<Pod>
}

/** Reads a review of a pod, or says why the caller has sent something else. */
export function parsePodReview(body: unknown): Parsed<PodReview> {
  const review = parseRequestForPods(body)
  if (!review.ok) return review
  const request = review.value
  if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') {
    return failed({
      at: 'request.operation',
      problem: `${request.operation} is not reviewed here`,
      remedy: 'register the webhook for CREATE and UPDATE',
    })
  }
  if (request.object === undefined || request.object === null) {
    return failed({ at: 'request.object', problem: 'is missing', remedy: 'send the pod that is to be created' })
  }
  return parsed({ request, pod: parsePod(request.object) })
}

/** Reads a review of a pod that is being deleted: it stands where the object before the change stands. */
export function parsePodDeletion(body: unknown): Parsed<PodReview> {
  const review = parseRequestForPods(body)
  if (!review.ok) return review
  const request = review.value
  if (request.operation !== 'DELETE') {
    return failed({
      at: 'request.operation',
      problem: `${request.operation} is not reviewed here`,
      remedy: 'send DELETE',
    })
  }
  if (request.oldObject === undefined || request.oldObject === null) {
    return failed({ at: 'request.oldObject', problem: 'is missing', remedy: 'send the pod that is to be deleted' })
  }
  return parsed({ request, pod: parsePod(request.oldObject) })
}

function parseRequestForPods(body: unknown): Parsed<AdmissionRequest> {
  const review = parseReview(body)
  if (!review.ok) return review
  const { request } = review.value
  const { group, version, resource } = request.resource
  if (group === '' && version === 'v1' && resource === 'pods' && (request.subResource ?? '') === '')
    return parsed(request)
  return failed({
    at: 'request.resource',
    problem: `this webhook reviews pods, not ${[group, version, resource, request.subResource].filter(Boolean).join('/')}`,
    remedy: 'register it for resources: ["pods"] of apiVersions: ["v1"]',
  })
}

const MAX_MESSAGE = 1_000

/** The answer to a body that is no review of what the webhook is for. */
export function badRequest(issues: readonly Issue[], what = 'a pod'): Answer {
  const message = truncate(
    asciiLine(`not a v1 AdmissionReview of ${what}: ${issues.map(formatIssue).join('; ')}`),
    MAX_MESSAGE,
  )
  return {
    status: 400,
    body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 400, reason: 'BadRequest', message },
  }
}

export function unreadablePod(issues: readonly Issue[]): readonly Denial[] {
  return issues.map(issue => ({
    code: 'SLU-E101',
    reason: 'Invalid',
    field: issue.at,
    message: issue.problem,
    ...(issue.remedy === undefined ? {} : { fix: issue.remedy }),
  }))
}

/** The name a pod is known by before it has one: `worker-*`. */
export function podName(request: AdmissionRequest, pod: Pod): string {
  const { name, generateName } = pod.metadata
  return name ?? request.name ?? (generateName === undefined ? '' : `${generateName}*`)
}
