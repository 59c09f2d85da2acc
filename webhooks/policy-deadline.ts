import type { Clock } from '../src/admission/endpoint.ts'

// A review's policies take well under a millisecond; one process serves all of them, so a policy that would take longer than this
// is given up before it is felt by others. Costs are limited as well: this bounds what a cost does not see.
const POLICIES_MS = 100

/** Tells the policies of one review when their time is up. */
export function policyDeadline(clock: Clock): () => boolean {
  const endMs = clock.now() + POLICIES_MS
  return () => clock.now() > endMs
}
