/**
 * Quota as JSON: one form for the command line and for HTTP.
 *
 * An amount is a whole number of milli-GPUs (1000 is one GPU) under a name that ends in `MilliGpus`, or the text
 * `unlimited`. Names are those of documents: classes, tenants, cohorts, tiers. No pod is ever named, because a tenant may
 * read this of another.
 */
import { type Amount, UNLIMITED } from '../quantity/amount.ts'
import type { Holder } from '../quota/census.ts'
import type { ClassAnswer, Explanation } from '../quota/explain.ts'
import type { Lender } from '../quota/lenders.ts'
import type { Step } from '../quota/limits.ts'
import type { Orphan, Oversubscription, Standing } from '../quota/standing.ts'
import type { WhatIf } from '../quota/what-if.ts'
import { TIERS } from '../schema/parts.ts'
import type { Explained, QuotaExplained } from './explanation.ts'
import { limitName, podsAtOnce } from './quota-text.ts'
import { reviewJson } from './review-json.ts'
import type { UsageReport } from './usage-report.ts'

// Past 2^53 a JSON number is no longer exact, so the digits stand in a text.
function amountJson(amount: Amount): number | string {
  if (amount === UNLIMITED) return 'unlimited'
  const value = Number(amount)
  return Number.isSafeInteger(value) ? value : String(amount)
}

/** One template of `sluice explain` and of `POST /explain`. */
export function explainedJson({ review, policies, quota }: Explained) {
  return { ...reviewJson(review.at, review), policies, quota: quota === undefined ? null : limitsJson(quota) }
}

function limitsJson({ explanation, lenders }: QuotaExplained) {
  const { tenant, cohort, tiers, largest } = explanation
  return {
    tenant,
    cohort,
    gangPods: podsAtOnce(explanation),
    tiers: tiers.map(({ tier, fits, classes }) => ({
      tier,
      fits,
      classes: classes.map(answer => ({
        ...classJson(answer),
        lenders: tier === 'burst' ? (lenders.get(answer.class) ?? []).map(lenderJson) : [],
      })),
    })),
    largest: [...largest].map(([className, sizes]) => ({ class: className, ...sizesJson(sizes) })),
  }
}

function sizesJson(sizes: LargestSizes) {
  return Object.fromEntries(TIERS.map(tier => [`${tier}MilliGpus`, amountJson(sizes[tier])]))
}

type LargestSizes = Explanation['largest'] extends ReadonlyMap<string, infer Sizes> ? Sizes : never

function classJson(answer: ClassAnswer) {
  return {
    class: answer.class,
    requestedMilliGpus: amountJson(answer.requested),
    availableMilliGpus: amountJson(answer.available),
    shortMilliGpus: amountJson(answer.short),
    possibleMilliGpus: amountJson(answer.potential),
    idleMilliGpus: amountJson(answer.idle),
    limits: answer.path.map(stepJson),
    binding: limitName(answer.binding.limit),
    bindingCode: answer.binding.limit.kind,
    holders: answer.holders.map(holderJson),
    borrowers: answer.borrowers.map(holderJson),
    claimants: answer.claimants.map(holderJson),
    ownClaimMilliGpus: amountJson(answer.own),
  }
}

function stepJson({ limit, used, limited, room }: Step) {
  return {
    code: limit.kind,
    limit: limitName(limit),
    usedMilliGpus: amountJson(used),
    limitMilliGpus: amountJson(limited),
    roomMilliGpus: amountJson(room),
  }
}

function holderJson({ tenant, tier, amount }: Holder) {
  return { tenant, tier, amountMilliGpus: amountJson(amount) }
}

function lenderJson(lender: Lender) {
  const name = lender.kind === 'tenant' ? lender.tenant : lender.cohort
  return { kind: lender.kind, name, amountMilliGpus: amountJson(lender.amount) }
}

/** The answer of `sluice usage` and of `GET /usage`. */
export function usageJson({ tenants, oversubscribed, orphans }: UsageReport) {
  return {
    tenants: tenants.map(({ tenant, cohort, noticeSeconds, standings }) => ({
      tenant,
      cohort,
      noticeSeconds,
      usage: standings.map(standingJson),
    })),
    oversubscribed: oversubscribed.map(oversubscriptionJson),
    undefinedTenants: orphans.map(orphanJson),
  }
}

function standingJson(standing: Standing) {
  const { class: className, tier, used, lenders } = standing
  return {
    class: className,
    tier,
    ...numbersJson(standing),
    // All that is borrowed can be taken back, whoever lends it.
    atRiskMilliGpus: tier === 'burst' ? amountJson(used) : 0,
    borrowedFrom: lenders.map(lenderJson),
  }
}

function numbersJson({ used, claimed, limit, available, over }: Standing) {
  return {
    usedMilliGpus: amountJson(used),
    claimedMilliGpus: amountJson(claimed),
    limitMilliGpus: amountJson(limit),
    availableMilliGpus: amountJson(available),
    overMilliGpus: amountJson(over),
  }
}

function oversubscriptionJson({ kind, cohort, class: className, used, limit, reclaimable, stuck }: Oversubscription) {
  return {
    kind,
    cohort,
    class: className,
    usedMilliGpus: amountJson(used),
    limitMilliGpus: amountJson(limit),
    reclaimableMilliGpus: amountJson(reclaimable),
    stuckMilliGpus: amountJson(stuck),
  }
}

/** What `sluice whatif` says of the quotas themselves. */
export function whatIfJson({ changed, over, oversubscribed, orphans, moves }: WhatIf) {
  return {
    changed: changed.map(({ before, after, ...place }) => ({
      ...place,
      before: sideJson(before),
      after: sideJson(after),
    })),
    over: over.map(({ tenant, class: className, tier, after }) => ({
      tenant,
      class: className,
      tier,
      overMilliGpus: amountJson(after.over),
      // Burst is taken back; reserved and shared use stays until its pods end.
      outcome: tier === 'burst' ? 'reclaimable' : 'stuck',
    })),
    oversubscribed: oversubscribed.map(({ after }) => oversubscriptionJson(after)),
    undefinedTenants: orphans.map(orphanJson),
    namespaces: moves,
  }
}

function sideJson(standing: Standing | null) {
  return standing === null ? null : { cohort: standing.cohort, ...numbersJson(standing) }
}

function orphanJson({ tenant, class: className, tier, used }: Orphan) {
  return { tenant, class: className, tier, usedMilliGpus: amountJson(used) }
}
