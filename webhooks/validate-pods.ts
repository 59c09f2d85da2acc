import type { Cluster } from '../src/admission/cluster.ts'
import type { Answer, Call, Clock, Endpoint } from '../src/admission/endpoint.ts'
import { type ExemptNamespaces, isExempt } from '../src/admission/exempt.ts'
import type { TierForecast } from '../src/admission/mutate.ts'
import { noticeChange } from '../src/admission/notice-change.ts'
import { type AdmissionResponse, allowed, refused, reviewOf } from '../src/admission/response.ts'
import { badRequest, type PodReview, parsePodReview, podName, unreadablePod } from '../src/admission/review-pod.ts'
import { tierChange } from '../src/admission/tier-change.ts'
import { hasMissedMutation, MISSED_MUTATION } from '../src/admission/unmutated.ts'
import { type QuotaDesk, type Validation, validatePod } from '../src/admission/validate.ts'
import type { Pod } from '../src/schema/pod.ts'
import type { AdmissionRequest } from '../src/schema/review.ts'
import { PODS, type WebhookDeclaration } from './declaration.ts'
import { decisionOf, type PodObserver } from './observe.ts'
import { policyTimer } from './policy-timer.ts'

const PATH = '/validate/pods'

/** A GPU pod that nobody has judged is not created. */
export const VALIDATE_GPU_PODS: WebhookDeclaration = {
  name: 'gpu-pods.validate.sluice.dev',
  phase: 'validating',
  path: PATH,
  operations: ['CREATE', 'UPDATE'],
  resources: PODS,
  about: 'accelerated-pods',
  failurePolicy: 'Chosen',
  sideEffects: 'NoneOnDryRun',
  timeoutSeconds: 10,
}

/** Pods without accelerators never wait for Sluice: a network plugin that a policy wants to see must start without it. */
export const VALIDATE_OTHER_PODS: WebhookDeclaration = {
  name: 'other-pods.validate.sluice.dev',
  phase: 'validating',
  path: PATH,
  operations: ['CREATE'],
  resources: PODS,
  about: 'other-pods',
  failurePolicy: 'Ignore',
  sideEffects: 'NoneOnDryRun',
  timeoutSeconds: 5,
}

/** Who remembers what became of pods, for when there is room again. Told in passing: nobody waits for it, and it never throws. */
export interface Refusals {
  denied(validation: Validation): void
  /** A pod with accelerators. That it is created is likely, not certain. */
  admitted(validation: Validation): void
}

export interface ValidateDeps {
  readonly cluster: () => Cluster
  readonly exempt: ExemptNamespaces
  readonly desk: QuotaDesk
  /** What becomes of a GPU pod that the mutating webhook has not seen. Without it nobody looks: where no API server calls it. */
  readonly unmutated?: { readonly forecast: TierForecast; readonly action: 'Deny' | 'Warn' }
  /** Whether it is Sluice itself that writes. Absent where it writes no pods: a process without a cluster. */
  readonly isSelf?: (user: AdmissionRequest['userInfo']) => boolean
  readonly observer: PodObserver
  /** Absent where nobody could be told of room: a process without a cluster. */
  readonly refusals?: Refusals
  readonly clock: Clock
}

/** `POST /validate/pods`: refuses what breaks a rule or exceeds a quota, and charges the rest. */
export function validatePods(deps: ValidateDeps): Endpoint {
  return { path: PATH, answer: (body, call) => answer(body, call, deps) }
}

async function answer(body: unknown, call: Call, deps: ValidateDeps): Promise<Answer> {
  const startedMs = performance.now()
  const review = parsePodReview(body)
  if (!review.ok) return badRequest(review.issues)
  const { request, pod } = review.value
  const decide = decisionOf('validate', review.value, { deps, call, startedMs })

  if (isExempt(request, deps.exempt)) {
    decide({ verdict: 'exempt' })
    return ok(allowed(request, [], []))
  }
  if (!pod.ok) {
    const denials = unreadablePod(pod.issues)
    decide({ verdict: 'denied', codes: ['SLU-E101'] })
    return ok(refused(request, request.name ?? '', denials, []))
  }
  if (request.operation === 'UPDATE') return ok(answerUpdate(review.value, pod.value, deps.isSelf, decide))
  return ok(await answerCreate(review.value, pod.value, call, deps, decide))
}

type Decide = ReturnType<typeof decisionOf>

// Nothing that quota counts can change on a pod that exists; what can is the label by which it is charged, and what it was told.
function answerUpdate(
  { request }: PodReview,
  pod: Pod,
  isSelf: ValidateDeps['isSelf'],
  decide: Decide,
): AdmissionResponse {
  const denials =
    isSelf?.(request.userInfo) === true ? [] : [...tierChange(request, pod), ...noticeChange(request, pod)]
  decide({ verdict: denials.length === 0 ? 'allowed' : 'denied', codes: denials.map(({ code }) => code) })
  return denials.length === 0 ? allowed(request, [], []) : refused(request, podName(request, pod), denials, [])
}

async function answerCreate(
  { request }: PodReview,
  pod: Pod,
  call: Call,
  deps: ValidateDeps,
  decide: Decide,
): Promise<AdmissionResponse> {
  const cluster = deps.cluster()
  const startTimer = policyTimer(deps.clock, call.deadlineMs)
  const missed = missedMutation(request, pod, cluster, deps, startTimer)
  if (missed === 'Deny') {
    decide({ verdict: 'denied', codes: [MISSED_MUTATION.code] })
    return refused(request, podName(request, pod), [MISSED_MUTATION], [])
  }
  const validation = await validatePod(request, pod, cluster, deps.desk, {
    deadlineMs: call.deadlineMs,
    isPreview: request.dryRun === true,
    startTimer,
  })
  const { denials, examined } = validation
  const warnings = [...(missed === 'Warn' ? [NOT_MUTATED] : []), ...validation.warnings]
  const passed = examined.subject.demand === undefined ? 'not-gpu' : 'allowed'
  decide({ verdict: denials.length > 0 ? 'denied' : passed, validation })
  // Of a dry run nothing is remembered: its pod would never have been created.
  if (request.dryRun !== true) tell(validation, deps.refusals)
  return denials.length > 0
    ? refused(request, podName(request, pod), denials, warnings)
    : allowed(request, [], warnings)
}

const NOT_MUTATED = `[${MISSED_MUTATION.code}] not mutated: the pod lacks what the policies give`

function missedMutation(
  request: AdmissionRequest,
  pod: Pod,
  cluster: Cluster,
  { unmutated }: ValidateDeps,
  startTimer: () => () => boolean,
): 'Deny' | 'Warn' | undefined {
  if (unmutated === undefined) return undefined
  const hasMissed = hasMissedMutation(request, pod, cluster, unmutated.forecast, { startTimer })
  return hasMissed ? unmutated.action : undefined
}

function tell(validation: Validation, refusals: Refusals | undefined): void {
  if (validation.denials.length > 0) refusals?.denied(validation)
  else if (validation.examined.subject.demand !== undefined) refusals?.admitted(validation)
}

function ok(response: AdmissionResponse): Answer {
  return { status: 200, body: reviewOf(response) }
}
