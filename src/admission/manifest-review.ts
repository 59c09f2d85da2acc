import type { Demand } from '../gpu/demand.ts'
import { isPlaceholder } from '../gpu/findings.ts'
import { applyPatch, type PatchOperation } from '../policy/patch.ts'
import type { Injection } from '../policy/policy-set.ts'
import type { Subject } from '../policy/subject.ts'
import type { WholeGang } from '../quota/gang.ts'
import { formatIssue, type Issue } from '../schema/parsed.ts'
import type { JsonObject, Tier } from '../schema/parts.ts'
import { type Pod, parsePod } from '../schema/pod.ts'
import { type AdmissionRequest, podRequest } from '../schema/review.ts'
import { podTemplates, type TemplatePod } from '../workload/templates.ts'
import type { Cluster } from './cluster.ts'
import type { Denial } from './denial.ts'
import type { ExemptNamespaces } from './exempt.ts'
import { isExempt } from './exempt.ts'
import { type Mutation, mutatePod, type TierForecast } from './mutate.ts'
import { type PlacedObject, textAt } from './objects.ts'
import { unreadablePod } from './review-pod.ts'
import { quoted } from './text.ts'
import { type QuotaDesk, type Validation, validatePod } from './validate.ts'

export type ReviewVerdict = 'allowed' | 'denied' | 'not-gpu' | 'exempt' | 'undecidable'

/** What would become of the pods of one template. */
export interface TemplateReview {
  readonly at: string
  readonly kind: string
  readonly name: string
  readonly namespace: string
  readonly manifest: JsonObject
  readonly template: TemplatePod
  readonly verdict: ReviewVerdict
  readonly tenant: string | undefined
  /** Of the first pod. */
  readonly tier: Tier | undefined
  /** How many of the pods that were admitted got which tier. */
  readonly tiers: ReadonlyMap<Tier, number>
  readonly demand: Demand | undefined
  readonly effective: ReadonlyMap<string, bigint>
  readonly gang: Subject['workload']['gang']
  /** What the first pod takes with it or is refused with: all that have to run together. */
  readonly wholeGang: WholeGang | undefined
  readonly workload: Subject['workload'] | undefined
  /** Everything known of the first pod, where it could be read. */
  readonly subject: Subject | undefined
  /** How many pods the template makes, and how many of them were judged; the first that is refused ends it. */
  readonly pods: { readonly wanted: number; readonly admitted: number }
  readonly operations: readonly PatchOperation[]
  readonly injections: readonly Injection[]
  readonly warnings: readonly string[]
  readonly denials: readonly Denial[]
  readonly undecidable: readonly Issue[]
}

export interface ReviewDeps {
  readonly cluster: Cluster
  readonly exempt: ExemptNamespaces
  readonly desk: QuotaDesk & TierForecast
  /** Reviews everything as if it were created there, whatever namespace it names. */
  readonly namespace?: string
  /** False where no quotas are known: then policies alone decide. */
  readonly isQuotaKnown: boolean
  /** How many pods of a template are judged, 1,000 without it. */
  readonly maxPods?: number
  /** Starts the time of one policy, and tells when it is up. */
  readonly startTimer?: () => () => boolean
}

// A Deployment may say a million replicas; what the first thousand meet, the others meet as well.
const MAX_PODS = 1_000
const DEADLINE = Number.MAX_SAFE_INTEGER

/** Sends the pods of a manifest through both webhooks, as its controller would, against the ledger of the desk. */
export async function reviewManifest(
  { at, value }: PlacedObject,
  deps: ReviewDeps,
): Promise<readonly TemplateReview[]> {
  const reviews: TemplateReview[] = []
  for (const template of podTemplates(value)) reviews.push(await reviewTemplate(at, value, template, deps))
  return reviews
}

async function reviewTemplate(
  at: string,
  manifest: JsonObject,
  template: TemplatePod,
  deps: ReviewDeps,
): Promise<TemplateReview> {
  const namespace = deps.namespace ?? textAt(manifest, 'metadata', 'namespace') ?? 'default'
  // A name that is still to be filled in belongs to nobody, and nobody's quota can be asked.
  const isPlaced = !isPlaceholder(namespace)
  const review: TemplateReview = {
    at,
    kind: textAt(manifest, 'kind') ?? '',
    name: textAt(manifest, 'metadata', 'name') ?? textAt(manifest, 'metadata', 'generateName') ?? '',
    namespace,
    manifest,
    template,
    verdict: 'not-gpu',
    tenant: deps.cluster.quotas.tenantOfNamespace.get(namespace),
    tier: undefined,
    tiers: new Map(),
    demand: undefined,
    effective: new Map(),
    gang: undefined,
    wholeGang: undefined,
    workload: undefined,
    subject: undefined,
    pods: { wanted: template.replicas ?? 1, admitted: 0 },
    operations: [],
    injections: [],
    warnings: [],
    denials: [],
    undecidable: [...template.undecidable, ...(isPlaced || !deps.isQuotaKnown ? [] : [unplaced(namespace)])],
  }
  const object = withNamespace(template.pod, namespace)
  if (isExempt(requestFor(object, namespace, 0), deps.exempt)) return { ...review, verdict: 'exempt' }
  const pod = parsePod(object)
  if (!pod.ok) return { ...review, verdict: 'denied', denials: unreadablePod(pod.issues) }
  return admitPods(review, pod.value, { ...deps, isQuotaKnown: deps.isQuotaKnown && isPlaced })
}

function unplaced(namespace: string): Issue {
  return {
    at: 'metadata.namespace',
    problem: `${quoted(namespace)} is a placeholder, so whose quota counts is not known`,
    remedy: 'render the manifest first, or say the namespace with -n',
  }
}

/** Creates one pod after the other until one is refused. What the first was given is what all of them are given, but for the tier. */
async function admitPods(review: TemplateReview, pod: Pod, deps: ReviewDeps): Promise<TemplateReview> {
  const count = review.template.createsPods ? Math.min(review.pods.wanted, deps.maxPods ?? MAX_PODS) : 0
  const told = withOutcome(review, await admitPod(review, pod, 0, deps))
  if (told.verdict !== 'allowed') return told

  const { wanted } = review.pods
  const tiers = new Map<Tier, number>(told.tier === undefined ? [] : [[told.tier, 1]])
  const warnings = new Set(told.warnings)
  let admitted = Math.min(1, count)
  for (; admitted < count; admitted += 1) {
    const { validation } = await admitPod(review, pod, admitted, deps)
    const { denials, tier } = validation
    if (denials.length > 0) {
      const fit = `${admitted} of ${wanted} pods fit`
      return {
        ...told,
        verdict: 'denied',
        tiers,
        pods: { wanted, admitted },
        denials,
        warnings: [...warnings, fit],
      }
    }
    if (tier !== undefined) tiers.set(tier, (tiers.get(tier) ?? 0) + 1)
    for (const warning of validation.warnings) warnings.add(warning)
  }
  return { ...told, tiers, warnings: [...warnings], pods: { wanted, admitted } }
}

interface Admitted {
  readonly mutation: Mutation
  readonly validation: Validation
}

async function admitPod(review: TemplateReview, pod: Pod, index: number, deps: ReviewDeps): Promise<Admitted> {
  const { namespace, template } = review
  // What stands in the files is all that is seen of the namespace; a claim may well be in the cluster.
  const seen = { areClaimsKnown: false, manifest: review.manifest }
  const knowledge = template.gangSize === undefined ? seen : { ...seen, gangSize: template.gangSize }
  // Of a workload that is scaled to zero, and of a blueprint, one pod is judged, and nothing is held for it.
  const isPreview = review.pods.wanted === 0 || !template.createsPods
  const request = { ...requestFor(pod as unknown as JsonObject, namespace, index), dryRun: isPreview }
  const timed = deps.startTimer === undefined ? {} : { startTimer: deps.startTimer }
  const mutation = mutatePod(request, pod, deps.cluster, deps.desk, { knowledge, ...timed })

  const patched = applyPatch(pod as unknown as JsonObject, mutation.operations)
  const reread = parsePod(patched)
  if (!reread.ok) throw new Error(`the patched pod cannot be read: ${reread.issues.map(formatIssue).join('; ')}`)
  const uid = `${review.at}/${template.podTemplate}/${index}`
  const validation = await validatePod({ ...request, uid, object: patched }, reread.value, deps.cluster, deps.desk, {
    deadlineMs: DEADLINE,
    isPreview,
    isQuotaKnown: deps.isQuotaKnown,
    knowledge,
    ...timed,
  })
  return { mutation, validation }
}

function withOutcome(review: TemplateReview, { mutation, validation }: Admitted): TemplateReview {
  const { subject, undecidable } = mutation.examined
  const { denials } = validation
  // How many there are, and where, matters only where each of them takes something.
  const isIdle = subject.demand === undefined && undecidable.length === 0 && review.template.isPodKnown
  const placeholders = isIdle ? [] : [...review.undecidable, ...undecidable]
  return {
    ...review,
    verdict: verdictOf(subject, placeholders, denials),
    tier: validation.tier ?? mutation.tier,
    demand: subject.demand,
    effective: subject.effective,
    gang: subject.workload.gang,
    wholeGang: mutation.examined.gang,
    workload: subject.workload,
    subject,
    operations: mutation.operations,
    injections: mutation.injections,
    warnings: [
      ...validation.warnings,
      ...mutation.problems.map(({ policy, problem }) => `policy ${policy} could not be applied: ${problem}`),
    ],
    denials,
    undecidable: placeholders,
  }
}

function verdictOf(subject: Subject, placeholders: readonly Issue[], denials: readonly Denial[]): ReviewVerdict {
  if (denials.length > 0) return 'denied'
  if (placeholders.length > 0) return 'undecidable'
  return subject.demand === undefined ? 'not-gpu' : 'allowed'
}

function withNamespace(pod: JsonObject, namespace: string): JsonObject {
  const metadata =
    pod.metadata !== null && typeof pod.metadata === 'object' && !Array.isArray(pod.metadata) ? pod.metadata : {}
  return { ...pod, metadata: { ...metadata, namespace } }
}

function requestFor(object: JsonObject, namespace: string, index: number): AdmissionRequest {
  const userInfo = { username: 'sluice-review', groups: [] }
  return podRequest({ uid: `review-${index}`, namespace, userInfo, object })
}
