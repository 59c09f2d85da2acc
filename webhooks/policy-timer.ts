import type { Clock } from '../src/admission/endpoint.ts'

// What bounds a policy is its cost; this bounds what a cost does not see. It is wall time, so it must leave room for a process that
// is paused: with 100 ms, a busy machine refused pods whose policies take 0.1 ms.
const POLICY_MS = 1_000

/** Gives each policy of a review its time, within that of the review: a slow one takes nothing from the others. */
export function policyTimer(clock: Clock, deadlineMs: number): () => () => boolean {
  return () => {
    const endMs = Math.min(clock.now() + POLICY_MS, deadlineMs)
    return () => clock.now() > endMs
  }
}
