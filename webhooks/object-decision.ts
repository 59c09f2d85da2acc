import type { Decision, DecisionVerdict, Webhook } from '../src/admission/endpoint.ts'
import type { ObjectReview } from '../src/admission/review-object.ts'

interface Told {
  readonly webhook: Webhook
  readonly verdict: DecisionVerdict
  readonly codes: readonly string[]
  /** On the clock of `performance`. */
  readonly startedMs: number
}

/** The one line of a review of an object that is no pod. */
export function objectDecision({ request, name }: ObjectReview, { startedMs, ...told }: Told): Decision {
  return {
    ...told,
    uid: request.uid,
    operation: request.operation,
    namespace: request.namespace ?? '',
    name,
    kind: request.kind.kind,
    user: request.userInfo?.username ?? '',
    policies: [],
    demand: {},
    dryRun: request.dryRun === true,
    patchOps: 0,
    durationMs: performance.now() - startedMs,
  }
}
