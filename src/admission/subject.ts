import { type DemandResult, demandOf } from '../gpu/demand.ts'
import { type Workload, withGangSize, workloadOf } from '../gpu/workload.ts'
import { TIER_LABEL } from '../policy/owned-keys.ts'
import type { Subject } from '../policy/subject.ts'
import type { WholeGang } from '../quota/gang.ts'
import type { Issue } from '../schema/parsed.ts'
import { type JsonObject, type QueueSystem, TIERS, type Tier } from '../schema/parts.ts'
import { asJson, type Pod } from '../schema/pod.ts'
import type { AdmissionRequest } from '../schema/review.ts'
import { type Cluster, tenantSpec } from './cluster.ts'
import type { Denial } from './denial.ts'
import { gangToldBy, wholeGangOf } from './gang.ts'
import { quoted } from './text.ts'

/** A pod with all that can be told of it before anything is decided. */
export interface Examined {
  readonly subject: Subject
  /** What makes the pod unfit whatever the policies say. */
  readonly denials: readonly Denial[]
  /** Where a placeholder of a template stands: nothing can be decided until it is filled in. */
  readonly undecidable: readonly Issue[]
  readonly notes: readonly string[]
  /** What has to run together with this pod or not at all; undefined where it is judged by itself. */
  readonly gang: WholeGang | undefined
  /** The system that has decided on this pod already, where the platform trusts it to. */
  readonly trustedQueue: QueueSystem | undefined
}

/** What a manifest tells that a pod alone does not. */
export interface Knowledge {
  readonly gangSize?: number
  /** The manifest whose pod this is. */
  readonly manifest?: JsonObject
  /** False where not every claim and template of the cluster can be seen, so that one that is not found may still be there. */
  readonly areClaimsKnown?: boolean
}

export function examine(request: AdmissionRequest, pod: Pod, cluster: Cluster, knowledge: Knowledge = {}): Examined {
  const namespace = request.namespace ?? ''
  const namespaceLabels = cluster.labelsOfNamespace(namespace)
  const context = { classes: cluster.classes, claims: cluster.claims, namespaceLabels }
  const result = demandOf(pod, namespace, context)
  const demand = result.kind === 'demand' ? result.demand : undefined
  const tenant = cluster.quotas.tenantOfNamespace.get(namespace)
  const tier = tierLabelOf(pod)
  const seen = workloadOf(pod, namespace, knowledge)
  const told = gangToldBy(seen, namespace, cluster.owners, knowledge.manifest === undefined ? [] : [knowledge.manifest])
  const workload = sizedBy(seen, told?.size, knowledge)
  const trustedQueue = tenantSpec(cluster, tenant)?.trustedQueues.find(system => system === workload.queuedBy)
  // What a queue starts it starts whole: each of its pods is charged by itself, so that as much of its use is seen as fits.
  const isJudgedAlone = demand === undefined || trustedQueue !== undefined

  const subject: Subject = {
    pod,
    object: asJson(pod),
    oldObject: request.oldObject ?? null,
    request,
    namespace,
    namespaceLabels,
    tenant,
    tier: tier.kind === 'tier' ? tier.tier : undefined,
    demand,
    effective: effectiveOf(result),
    workload,
    instanceTypes: instanceTypesOf(result, tenant, cluster),
  }
  const missing = claimDenials(result)
  const { areClaimsKnown = true } = knowledge
  const unseen = areClaimsKnown ? [] : missing
  // Beside devices that are counted it is a warning; where the claim is all that the pod asks for, nothing can be said.
  const isOpen = demand === undefined
  return {
    subject,
    denials: [...demandDenials(result), ...(areClaimsKnown ? missing : []), ...tierDenials(tier)],
    undecidable: [...(result.kind === 'undecidable' ? result.issues : []), ...(isOpen ? unseen : []).map(claimIssue)],
    gang: isJudgedAlone ? undefined : wholeGangOf(workload, told, demand.byClass, namespace, context),
    trustedQueue,
    notes: [...(demand?.notes ?? []), ...(isOpen ? [] : unseen).map(({ message }) => `${message}; not counted`)],
  }
}

// Who reviews a manifest knows the size already, and for templates that no object in hand describes as well.
function sizedBy(workload: Workload, size: number | undefined, { gangSize }: Knowledge): Workload {
  return size === undefined || gangSize !== undefined ? workload : withGangSize(workload, size)
}

function effectiveOf(result: DemandResult): ReadonlyMap<string, bigint> {
  switch (result.kind) {
    case 'demand':
      return result.demand.effective
    case 'none':
    case 'undecidable':
      return result.effective
    case 'invalid':
      return new Map()
  }
}

function instanceTypesOf(result: DemandResult, tenant: string | undefined, cluster: Cluster): readonly string[] {
  if (result.kind !== 'demand') return []
  if (result.demand.instanceTypes.length > 0) return result.demand.instanceTypes
  const cohort = tenantSpec(cluster, tenant)?.cohort
  if (cohort === undefined) return []
  return [...result.demand.byClass.keys()].flatMap(className => cluster.instanceTypesOf(cohort, className))
}

type TierLabel =
  | { readonly kind: 'none' }
  | { readonly kind: 'tier'; readonly tier: Tier }
  | { readonly kind: 'unknown'; readonly value: string }

function tierLabelOf(pod: Pod): TierLabel {
  const labels: JsonObject = pod.metadata.labels ?? {}
  const value = Object.hasOwn(labels, TIER_LABEL) ? labels[TIER_LABEL] : undefined
  if (typeof value !== 'string') return { kind: 'none' }
  const tier = TIERS.find(name => name === value)
  return tier === undefined ? { kind: 'unknown', value } : { kind: 'tier', tier }
}

// `spec.resourceClaims[0]`, or the claim or template itself: `ResourceClaimTemplate gpu: devices.requests[0]`.
const OF_A_CLAIM = /^(spec\.r|R)esourceClaim/

function demandDenials(result: DemandResult): readonly Denial[] {
  if (result.kind !== 'invalid') return []
  return result.issues.map(issue => ({
    code: OF_A_CLAIM.test(issue.at) ? 'SLU-E110' : 'SLU-E102',
    reason: 'Invalid',
    field: issue.at,
    message: issue.problem,
    ...(issue.remedy === undefined ? {} : { fix: issue.remedy }),
  }))
}

// Without its template a claim cannot be counted, and what is not counted is not admitted. One that a controller has promised
// (a ComputeDomain's channel) holds no GPU.
function claimDenials(result: DemandResult): readonly Denial[] {
  if (result.kind !== 'demand' && result.kind !== 'none') return []
  const { unresolvedClaims: unresolved } = result.kind === 'demand' ? result.demand : result
  return unresolved
    .filter(({ kind }) => kind === 'missing')
    .map(({ claim, reference }) => ({
      code: 'SLU-E111',
      reason: 'Forbidden',
      field: 'spec.resourceClaims',
      message: `DRA claim ${quoted(claim)} needs ${quoted(reference, 120)}, which is not in the namespace`,
      fix: 'create it first; a controller tries the pod again by itself',
    }))
}

function claimIssue({ field = '', message, fix }: Denial): Issue {
  return { at: field, problem: message, ...(fix === undefined ? {} : { remedy: fix }) }
}

function tierDenials(tier: TierLabel): readonly Denial[] {
  if (tier.kind !== 'unknown') return []
  return [
    {
      code: 'SLU-E121',
      reason: 'Invalid',
      field: `metadata.labels["${TIER_LABEL}"]`,
      message: `label ${TIER_LABEL} is ${quoted(tier.value)}, which is no tier`,
      fix: `use one of ${TIERS.join(', ')}, or leave it out`,
    },
  ]
}
