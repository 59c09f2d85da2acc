import type { Call, Decision, DecisionVerdict, Webhook } from '../src/admission/endpoint.ts'
import type { Mutation } from '../src/admission/mutate.ts'
import { type PodReview, podName } from '../src/admission/review-pod.ts'
import type { Validation } from '../src/admission/validate.ts'
import type { PolicyProblem } from '../src/policy/policy-set.ts'

/** Who is told of policies that fail; decisions are counted by the log they are told to. */
export interface PodObserver {
  policyFailed(failure: PolicyProblem): void
}

interface Occasion {
  readonly deps: { readonly observer: PodObserver }
  readonly call: Call
  /** On the clock of `performance`, which is finer than the one that deadlines are on. */
  readonly startedMs: number
}

interface Told {
  readonly verdict: DecisionVerdict
  readonly codes?: readonly string[]
  readonly mutation?: Mutation
  readonly validation?: Validation
}

/** Writes the one line of an admission, and tells of the policies that failed. */
export function decisionOf(
  webhook: Webhook,
  review: PodReview,
  { deps, call, startedMs }: Occasion,
): (told: Told) => void {
  return told => {
    call.log.decision(decisionLine(webhook, review, told, performance.now() - startedMs))
    for (const problem of (told.mutation ?? told.validation)?.problems ?? []) deps.observer.policyFailed(problem)
  }
}

function decisionLine(webhook: Webhook, { request, pod }: PodReview, told: Told, durationMs: number): Decision {
  const { mutation, validation } = told
  const subject = (mutation ?? validation)?.examined.subject
  const tier = (mutation ?? validation)?.tier
  const refusals = [...(validation?.denials ?? []), ...(validation?.audited ?? [])]
  const injecting = (mutation?.injections ?? []).map(injection => injection.policy)
  return {
    webhook,
    verdict: told.verdict,
    uid: request.uid,
    operation: request.operation,
    namespace: request.namespace ?? '',
    name: pod.ok ? podName(request, pod.value) : (request.name ?? ''),
    kind: subject?.workload.kind ?? '',
    user: request.userInfo?.username ?? '',
    ...(subject?.tenant === undefined ? {} : { tenant: subject.tenant }),
    ...(tier === undefined ? {} : { tier }),
    codes: told.codes ?? [...new Set(refusals.map(refusal => refusal.code))],
    policies: [...new Set([...injecting, ...refusals.flatMap(refusal => refusal.policy ?? [])])],
    demand: Object.fromEntries([...(subject?.demand?.byClass ?? [])].map(([name, amount]) => [name, Number(amount)])),
    dryRun: request.dryRun === true,
    patchOps: mutation?.operations.length ?? 0,
    durationMs,
  }
}
