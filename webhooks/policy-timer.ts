import type { Clock } from '../src/admission/endpoint.ts'

// The policies of a review take well under a millisecond together. One process serves all reviews, so a policy that takes longer than
// this is given up before others feel it; its cost is limited as well, and this bounds what a cost does not see.
const POLICY_MS = 100

/** Gives each policy of a review its time, within that of the review: a slow one takes nothing from the others. */
export function policyTimer(clock: Clock, deadlineMs: number): () => () => boolean {
  return () => {
    const endMs = Math.min(clock.now() + POLICY_MS, deadlineMs)
    return () => clock.now() > endMs
  }
}
