import { INJECTED_ANNOTATION, TIER_LABEL } from '../policy/owned-keys.ts'
import type { Pod } from '../schema/pod.ts'
import type { AdmissionRequest } from '../schema/review.ts'
import type { Cluster } from './cluster.ts'
import type { Denial } from './denial.ts'
import { type MutateOptions, mutatePod, type TierForecast } from './mutate.ts'

/**
 * Whether a pod has missed the mutating webhook, which is never allowed to block (`failurePolicy: Ignore`): without this a GPU pod
 * that came while no replica answered would run without its tier, its tolerations and its network. What the webhook did is noted on
 * the pod; where nothing is noted, doing it again must change nothing.
 *
 * Only pods with demand: what is injected into others is no condition of running well.
 */
export function hasMissedMutation(
  request: AdmissionRequest,
  pod: Pod,
  cluster: Cluster,
  forecast: TierForecast,
  options: MutateOptions = {},
): boolean {
  // Whoever writes the note himself gets what he asks for: a pod without what the policies give.
  const isNoted = Object.hasOwn(pod.metadata.annotations ?? {}, INJECTED_ANNOTATION)
  if (isNoted && Object.hasOwn(pod.metadata.labels ?? {}, TIER_LABEL)) return false
  const { examined, tier, operations } = mutatePod({ ...request, dryRun: true }, pod, cluster, forecast, options)
  // One that is noted and has no tier was mutated by a replica that had not heard yet of its tenant.
  const isIncomplete = isNoted ? tier !== undefined : operations.length > 0
  return examined.subject.demand !== undefined && isIncomplete
}

/**
 * Stands alone: the rules would judge a pod that is not yet what they are about, and an Invalid among them would have its
 * controller give up. The words are those by which controllers know what is worth another try (facts: admission §3).
 */
export const MISSED_MUTATION: Denial = {
  code: 'SLU-S510',
  reason: 'Forbidden',
  message: 'exceeded quota: not told yet, the pod has missed the mutating webhook of Sluice',
  fix: 'try again; a controller does so by itself',
}
