/**
 * Policies that fail on some pods: each failure is counted, and told now and then. One pod that a controller tries again and again
 * would else fill the log with what it said already.
 */
import type { Clock, Log } from '../admission/endpoint.ts'
import type { PolicyProblem } from '../policy/policy-set.ts'
import type { Metrics } from './metrics.ts'

interface PolicyFailuresDeps {
  readonly metrics: Pick<Metrics, 'policyFailed'>
  readonly log: Pick<Log, 'problem'>
  readonly clock: Clock
}

/** Whoever looks at the log of the last hour finds what has failed in it. */
const AGAIN_MS = 60 * 60_000
/** A problem names fields and functions and nothing of a pod, so there are about as many as there are expressions. */
const MOST_TOLD = 1_000

export function policyFailures({ metrics, log, clock }: PolicyFailuresDeps): {
  policyFailed(failure: PolicyProblem): void
} {
  const toldMs = new Map<string, number>()
  return {
    policyFailed({ policy, problem }) {
      metrics.policyFailed(policy)
      const text = `policy ${policy} failed: ${problem}`
      if (clock.now() - (toldMs.get(text) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return
      if (toldMs.size >= MOST_TOLD) toldMs.clear()
      toldMs.set(text, clock.now())
      log.problem(text, undefined, { policy })
    },
  }
}
