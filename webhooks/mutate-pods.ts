import type { Cluster } from '../src/admission/cluster.ts'
import type { Answer, Call, Clock, Endpoint } from '../src/admission/endpoint.ts'
import { type ExemptNamespaces, isExempt } from '../src/admission/exempt.ts'
import { mutatePod, type TierForecast } from '../src/admission/mutate.ts'
import { allowed, reviewOf } from '../src/admission/response.ts'
import { badRequest, parsePodReview } from '../src/admission/review-pod.ts'
import { PODS, type WebhookDeclaration } from './declaration.ts'
import { decisionOf, type PodObserver } from './observe.ts'
import { policyTimer } from './policy-timer.ts'

/** A pod that Sluice cannot mend in time is still created; validation finds out (unmutated.ts). */
export const MUTATE_PODS: WebhookDeclaration = {
  name: 'pods.mutate.sluice.dev',
  phase: 'mutating',
  path: '/mutate/pods',
  operations: ['CREATE'],
  resources: PODS,
  about: 'mutable-pods',
  failurePolicy: 'Ignore',
  reinvocationPolicy: 'IfNeeded',
  sideEffects: 'None',
  timeoutSeconds: 5,
}

export interface MutateDeps {
  readonly cluster: () => Cluster
  readonly exempt: ExemptNamespaces
  readonly forecast: TierForecast
  readonly observer: PodObserver
  readonly clock: Clock
}

/** `POST /mutate/pods`: injects what the policies say a pod needs. */
export function mutatePods(deps: MutateDeps): Endpoint {
  return { path: MUTATE_PODS.path, answer: (body, call) => answer(body, call, deps) }
}

function answer(body: unknown, call: Call, deps: MutateDeps): Answer {
  const startedMs = performance.now()
  const review = parsePodReview(body)
  if (!review.ok) return badRequest(review.issues)
  const { request, pod } = review.value
  const decide = decisionOf('mutate', review.value, { deps, call, startedMs })

  if (isExempt(request, deps.exempt)) {
    decide({ verdict: 'exempt' })
    return ok(allowed(request, [], []))
  }
  // What is wrong with the pod, validation will say; a refusal here would hide the others.
  if (!pod.ok) {
    decide({ verdict: 'allowed', codes: ['SLU-E101'] })
    return ok(allowed(request, [], []))
  }

  const mutation = mutatePod(request, pod.value, deps.cluster(), deps.forecast, {
    startTimer: policyTimer(deps.clock, call.deadlineMs),
  })
  const isGpuPod = mutation.examined.subject.demand !== undefined
  decide({ verdict: isGpuPod || mutation.operations.length > 0 ? 'allowed' : 'not-gpu', mutation })
  return ok(allowed(request, mutation.operations, []))
}

function ok(response: ReturnType<typeof allowed>): Answer {
  return { status: 200, body: reviewOf(response) }
}
