import type { Finding, PolicyProblem } from '../policy/policy-set.ts'
import type { Ask, Request } from '../quota/decide.ts'
import type { TenantSpec } from '../quota/spec.ts'
import type { Busy, Verdict } from '../quota/verdict.ts'
import type { QueueSystem, Tier } from '../schema/parts.ts'
import type { Pod } from '../schema/pod.ts'
import type { AdmissionRequest } from '../schema/review.ts'
import { type Cluster, tenantSpec } from './cluster.ts'
import type { Denial } from './denial.ts'
import { ownerOf } from './pod-owner.ts'
import { barRefusal, borrowWarnings, refusal } from './quota-text.ts'
import { MAX_WARNING_LENGTH } from './response.ts'
import { type Examined, examine, type Knowledge } from './subject.ts'
import { quoted } from './text.ts'

/** What validation needs of quota. */
export interface QuotaDesk {
  charge(request: Request, deadlineMs: number): Promise<Verdict>
  /** The verdict a charge would get, with nothing booked. */
  preview(request: Request, deadlineMs: number): Promise<Verdict>
}

export interface Validation {
  readonly examined: Examined
  readonly denials: readonly Denial[]
  readonly warnings: readonly string[]
  /** What was found but stops nobody: policies and tenants in Audit mode. */
  readonly audited: readonly Denial[]
  readonly tier: Tier | undefined
  readonly problems: readonly PolicyProblem[]
}

export interface ValidateOptions {
  readonly deadlineMs: number
  /** Charges nothing: for a dry run, and for those who only ask. */
  readonly isPreview: boolean
  /** False where no quotas are known at all, so that policies alone decide: a review of files without a cluster. */
  readonly isQuotaKnown?: boolean
  readonly knowledge?: Knowledge
  /** Starts the time of one policy, and tells when it is up. */
  readonly startTimer?: () => () => boolean
}

/** Judges a pod and, as the last step, charges it. Every violation is listed; what is wrong is not charged. */
export async function validatePod(
  request: AdmissionRequest,
  pod: Pod,
  cluster: Cluster,
  desk: QuotaDesk,
  options: ValidateOptions,
): Promise<Validation> {
  const examined = examine(request, pod, cluster, options.knowledge)
  const { findings, problems } = cluster.policies.validate(examined.subject, options.startTimer)
  const rules = sortFindings(findings)
  const specDenials = [...examined.denials, ...rules.denials]

  const isPreview = options.isPreview || specDenials.length > 0
  const quota = await judgeQuota(request, examined, cluster, desk, { ...options, isPreview })
  return {
    examined,
    denials: [...specDenials, ...quota.denials],
    warnings: [...rules.warnings, ...examined.notes, ...quota.warnings],
    audited: [...rules.audited, ...quota.audited],
    tier: quota.tier ?? examined.subject.tier,
    problems,
  }
}

interface Judged {
  readonly denials: readonly Denial[]
  readonly warnings: readonly string[]
  readonly audited: readonly Denial[]
  readonly tier?: Tier
}

const NOTHING: Judged = { denials: [], warnings: [], audited: [] }

async function judgeQuota(
  request: AdmissionRequest,
  examined: Examined,
  cluster: Cluster,
  desk: QuotaDesk,
  options: ValidateOptions,
): Promise<Judged> {
  const { subject, undecidable, denials, trustedQueue } = examined
  const { demand, tenant, pod } = subject
  // What cannot be counted cannot be judged; it is refused for that already.
  if (demand === undefined || undecidable.length > 0 || denials.length > 0 || options.isQuotaKnown === false)
    return NOTHING
  if (tenant === undefined) return { ...NOTHING, denials: [noTenant(subject.namespace)] }

  const ask = askOf(examined, tenant, demand.byClass)
  const wanted = { ...ask, uid: uidOf(request, pod), namespace: subject.namespace }
  const verdict = await (options.isPreview
    ? desk.preview(wanted, options.deadlineMs)
    : desk.charge(wanted, options.deadlineMs))
  const words = wordsOf(verdict, cluster, tenant, subject.namespace)
  return byEnforcement(words, tenantSpec(cluster, tenant), trustedQueue)
}

/** What a pod asks of its tenant's quota. */
export function askOf(
  { subject, gang }: Pick<Examined, 'subject' | 'gang'>,
  tenant: string,
  demand: Ask['demand'],
): Ask {
  return { tenant, tier: subject.tier ?? 'auto', demand, gang, ...ownerOf(subject) }
}

/** The UID that a validating review carries is the pod's own; the review's differs on every call and would charge it twice. */
function uidOf(request: AdmissionRequest, pod: Pod): string {
  return pod.metadata.uid ?? request.uid
}

function wordsOf(verdict: Verdict, cluster: Cluster, tenant: string, namespace: string): Judged {
  switch (verdict.kind) {
    case 'charged':
      return {
        ...NOTHING,
        warnings: borrowWarnings(verdict, tenant, cluster.noticeSecondsOf(tenant)),
        tier: verdict.tier,
      }
    case 'refused':
      return { ...NOTHING, denials: [refusal(verdict, namespace)] }
    case 'barred':
      return { ...NOTHING, denials: verdict.bars.map(barRefusal) }
    case 'busy':
      return { ...NOTHING, denials: [busy(verdict)] }
  }
}

/**
 * A tenant that is not enforced is told, or only watched; what it uses beyond its quota is not charged to it. The same goes for a
 * pod on which a queue that is trusted has decided already.
 */
function byEnforcement(judged: Judged, tenant: TenantSpec | undefined, queue: QueueSystem | undefined): Judged {
  if (judged.denials.length === 0) return judged
  switch (tenant?.enforcement ?? 'Enforce') {
    case 'Enforce':
      return queue === undefined ? judged : warned(judged.denials, `queued by ${queue}, not enforced`)
    case 'Warn':
      return warned(judged.denials, 'not enforced')
    case 'Audit':
      return { ...NOTHING, audited: judged.denials }
  }
}

function warned(denials: readonly Denial[], why: string): Judged {
  return { ...NOTHING, warnings: denials.map(({ code, message }) => `${why}: [${code}] ${message}`) }
}

function noTenant(namespace: string): Denial {
  return {
    code: 'SLU-Q211',
    reason: 'Forbidden',
    message: `exceeded quota: namespace ${quoted(namespace)} belongs to no tenant`,
    fix: 'use a namespace of your tenant, or ask the platform team to add this one to a TenantQuota',
  }
}

function busy({ because, retryAfterMs }: Busy): Denial {
  const isFull = because === 'full'
  return {
    code: isFull ? 'SLU-Q231' : 'SLU-Q230',
    reason: 'Forbidden',
    message: `exceeded quota: the ledger is ${isFull ? 'full' : 'busy'}, nothing was booked`,
    fix: `try again in ${Math.max(1, Math.ceil(retryAfterMs / 1000))} s; a controller does so by itself`,
  }
}

function sortFindings(findings: readonly Finding[]): Omit<Judged, 'tier'> {
  const of = (mode: Finding['mode']) => findings.filter(finding => finding.mode === mode)
  return {
    denials: of('Enforce').map(denialOf),
    warnings: of('Warn').map(warningOf),
    audited: of('Audit').map(denialOf),
  }
}

// The remedy stands on the page of the code where it does not fit: a warning that is cut in the middle helps nobody.
function warningOf({ code, message, fix }: Finding): string {
  const whole = `[${code}] ${message}${fix === undefined ? '' : `; ${fix}`}`
  return whole.length <= MAX_WARNING_LENGTH ? whole : `[${code}] ${message}`
}

function denialOf({ mode: _, ...denial }: Finding): Denial {
  return denial
}
