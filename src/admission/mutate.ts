import { INJECTED_ANNOTATION, TIER_LABEL } from '../policy/owned-keys.ts'
import { type PatchOperation, patchOf } from '../policy/patch.ts'
import type { Injection, PolicyProblem } from '../policy/policy-set.ts'
import type { Peek } from '../quota/holds.ts'
import type { Tier } from '../schema/parts.ts'
import type { Pod } from '../schema/pod.ts'
import type { AdmissionRequest } from '../schema/review.ts'
import type { Cluster } from './cluster.ts'
import { noteOf, tierInjection } from './injected-note.ts'
import { ownerOf } from './pod-owner.ts'
import { type Examined, examine, type Knowledge } from './subject.ts'

/** What mutation needs of quota: the tier a pod would get now, without booking anything. */
export interface TierForecast {
  /** The first tier that fits, held softly for a moment so that a burst of creates cascades; undefined where none fits. */
  peek(pod: Peek, options: { readonly isDryRun: boolean }): Tier | undefined
}

export interface Mutation {
  readonly examined: Examined
  readonly tier: Tier | undefined
  readonly operations: readonly PatchOperation[]
  /** What was injected, by which policy. */
  readonly injections: readonly Injection[]
  /** Expressions that failed; such a policy injects nothing. */
  readonly problems: readonly PolicyProblem[]
}

export interface MutateOptions {
  readonly knowledge?: Knowledge
  /** Starts the time of one policy, and tells when it is up. */
  readonly startTimer?: () => () => boolean
}

/**
 * Decides what a pod is given. Nothing is refused here, and nothing is written anywhere: a pod that is wrong passes as it is, and
 * validation tells its author why.
 */
export function mutatePod(
  request: AdmissionRequest,
  pod: Pod,
  cluster: Cluster,
  forecast: TierForecast,
  { knowledge = {}, startTimer }: MutateOptions = {},
): Mutation {
  const examined = examine(request, pod, cluster, knowledge)
  const { denials, undecidable } = examined
  if (denials.length > 0 || undecidable.length > 0) {
    return { examined, tier: undefined, operations: [], injections: [], problems: [] }
  }

  const tier = examined.subject.tier ?? forecastTier(examined, forecast, request.dryRun === true)
  const subject = { ...examined.subject, tier }
  const patch = patchOf(subject.object)
  const { injections, problems } = cluster.policies.inject(subject, patch, cluster.surroundings, startTimer)
  const all = [...tierInjections(examined, tier), ...injections]
  if (all.length > 0) {
    if (tier !== undefined) patch.set(['metadata', 'labels', TIER_LABEL], tier)
    patch.set(['metadata', 'annotations', INJECTED_ANNOTATION], noteOf(pod, all))
  }
  return { examined: { ...examined, subject }, tier, operations: patch.operations(), injections: all, problems }
}

function forecastTier({ subject, gang }: Examined, forecast: TierForecast, isDryRun: boolean): Tier | undefined {
  if (subject.demand === undefined || subject.tenant === undefined) return undefined
  const { tenant, namespace, demand } = subject
  const pod: Peek = { tenant, namespace, tier: 'auto', demand: demand.byClass, gang, ...ownerOf(subject) }
  return forecast.peek(pod, { isDryRun })
}

// The tier of a pod is the admission's own to set; policies only read it.
function tierInjections({ subject }: Examined, tier: Tier | undefined): readonly Injection[] {
  return tier === undefined || subject.tier === tier ? [] : [tierInjection(tier)]
}
