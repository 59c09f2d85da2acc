import { type Amount, compare, formatGpus, MILLI, most, ZERO } from '../quantity/amount.ts'
import type { Bar } from '../quota/decide.ts'
import type { ClassAnswer, Explanation, TierAnswer } from '../quota/explain.ts'
import type { Lender } from '../quota/lenders.ts'
import type { Limit } from '../quota/limits.ts'
import type { Charged, Refused } from '../quota/verdict.ts'
import { type Denial, MAX_LINE } from './denial.ts'

/*
 * Quota in words. The words `exceeded quota:` and the form `requested: …, used: …, limited: …` are those of ResourceQuota, because
 * Argo Workflows, actions-runner-controller, tofu-controller and KubeRay look for them to tell "later" from "never".
 */

/** The refusal of a pod that does not fit now; with its namespace, also the command that shows who uses what. */
export function refusal({ explanation }: Refused, namespace?: string): Denial {
  const told = worstOf(explanation)
  const isHopeless = explanation.tiers.every(tier => tier.classes.some(answer => answer.requested > answer.potential))
  const { tier, answer } = told
  // Of several classes, say whose numbers these are.
  const isOverAll = answer.binding.limit.kind === 'cap' && answer.binding.limit.class === null
  const ofClass = tier.classes.length > 1 && !(isOverAll && !isHopeless) ? `${answer.class}=` : ''
  const limits = isHopeless
    ? `possible: ${ofClass}${formatGpus(most(ZERO, greatestPotential(explanation, answer.class)))}`
    : `used: ${ofClass}${formatGpus(answer.binding.used)}, limited: ${ofClass}${formatGpus(answer.binding.limited)}`
  return {
    code: isHopeless ? 'SLU-Q202' : 'SLU-Q201',
    reason: 'Forbidden',
    message: `exceeded quota: ${explanation.tenant}/${tier.tier}, requested: ${requestOf(tier)}, ${limits}`,
    why: whyOf(explanation),
    fix: withCommand(fixOf(explanation, answer, isHopeless), namespace),
  }
}

/** The refusal of a pod that no freed capacity would help. */
export function barRefusal(bar: Bar): Denial {
  switch (bar.kind) {
    case 'unknown-tenant':
      return { code: 'SLU-Q211', reason: 'Forbidden', message: `exceeded quota: tenant ${bar.tenant} is not defined` }
    case 'class-not-allowed':
      return {
        code: 'SLU-Q210',
        reason: 'Forbidden',
        message: `exceeded quota: no quota for ${bar.class}`,
        fix: bar.allowed.length === 0 ? 'ask the platform team for one' : `use one of ${bar.allowed.join(', ')}`,
      }
    case 'above-maximum':
      return {
        code: 'SLU-Q220',
        reason: 'Invalid',
        field: 'spec.containers',
        message: `${formatGpus(bar.requested)} ${bar.class} is more than one pod may use: ${formatGpus(bar.maximum)}`,
        fix: `spread the work over more pods of at most ${formatGpus(bar.maximum)}`,
      }
    case 'below-minimum':
      return {
        code: 'SLU-Q221',
        reason: 'Invalid',
        field: 'spec.containers',
        message: `${formatGpus(bar.requested)} ${bar.class} is less than one pod must use: ${formatGpus(bar.minimum)}`,
        fix: `ask for at least ${formatGpus(bar.minimum)}, or use a class that is divided into smaller parts`,
      }
    case 'uid-taken':
      return {
        code: 'SLU-S500',
        reason: 'Forbidden',
        message: `the pod's UID is already charged to ${bar.holder.tenant}/${bar.holder.tier} with another demand`,
      }
  }
}

/** What an admitted pod must know: that what it borrows can be asked back. */
export function borrowWarnings(
  { borrowed, lenders }: Charged,
  borrower: string,
  noticeSeconds: number,
): readonly string[] {
  return [...borrowed].map(([className, amount]) => {
    const from = (lenders.get(className) ?? []).map(lender => lenderName(lender, borrower)).join(', ')
    return `borrows ${formatGpus(amount)} ${className}${from === '' ? '' : ` from ${from}`}; can be reclaimed with ${noticeSeconds} s notice`
  })
}

function worstOf(explanation: Explanation): { readonly tier: TierAnswer; readonly answer: ClassAnswer } {
  // The last tier tried is the widest: what it lacks is what the tenant lacks.
  const tier = explanation.tiers.at(-1)
  const answer = tier?.classes.toSorted((a, b) => compare(b.short, a.short))[0]
  if (tier === undefined || answer === undefined)
    throw new Error(`nothing explains the refusal of ${explanation.tenant}`)
  return { tier, answer }
}

function requestOf({ classes }: TierAnswer): string {
  return classes.map(answer => `${answer.class}=${formatGpus(answer.requested)}`).join(',')
}

function greatestPotential({ tiers }: Explanation, className: string): Amount {
  const potentials = tiers.flatMap(tier =>
    tier.classes.filter(answer => answer.class === className).map(a => a.potential),
  )
  return potentials.reduce(most, ZERO)
}

function whyOf(explanation: Explanation): string {
  const clauses = explanation.tiers.map(tier => {
    const answer = tier.classes.toSorted((a, b) => compare(b.short, a.short))[0]
    return answer === undefined ? '' : tierClause(tier, answer)
  })
  const { answer } = worstOf(explanation)
  const idle = `cohort ${explanation.cohort} has ${formatGpus(answer.idle)} ${answer.class} idle`
  const borrowers = answer.borrowers.slice(0, 3).map(holder => `${holder.tenant} borrows ${formatGpus(holder.amount)}`)
  const pods = podsAtOnce(explanation)
  const gang = pods > 1 ? [`all ${pods} pods of the gang must fit at once`] : []
  return [...gang, ...clauses, idle, ...claimClauses(answer), ...borrowers].join('; ')
}

/** `4 h100 are held for team-x`: room that nobody uses and nobody else gets. What is held for it is its own once nobody else uses any of it. */
function claimClauses({ class: className, own, claimants }: ClassAnswer): readonly string[] {
  const ofOthers = claimants.slice(0, 2).map(({ tenant, amount }) => {
    return `${formatGpus(amount)} ${className} are held for ${tenant}`
  })
  return [
    ...(own > ZERO ? [`${formatGpus(own)} ${className} are held for it, and others still use some`] : []),
    ...ofOthers,
  ]
}

function tierClause({ tier }: TierAnswer, { binding, available }: ClassAnswer): string {
  const left = available > ZERO ? `${tier} has ${formatGpus(available)} left` : `${tier} is full`
  return `${left} by ${limitName(binding.limit)} (${formatGpus(binding.used)} of ${formatGpus(binding.limited)})`
}

/** A limit in words: `its borrowing limit`. */
export function limitName(limit: Limit): string {
  switch (limit.kind) {
    case 'reserved':
      return 'its size'
    case 'shared-max':
      return 'its maximum'
    case 'shared-pool':
      return `the pool of cohort ${limit.cohort}`
    case 'burst-limit':
      return 'its borrowing limit'
    case 'borrowing-limit':
      return `the borrowing limit of cohort ${limit.cohort}`
    case 'cap':
      return limit.class === null ? 'its cap on all accelerators' : `its cap on ${limit.class}`
    case 'lending-limit':
      return `the lending limit of ${limit.owner.kind === 'tenant' ? limit.owner.tenant : `cohort ${limit.owner.cohort}`}`
    case 'nothing-idle':
      return `what ${limit.cohort} has in all`
  }
}

function fixOf(explanation: Explanation, answer: ClassAnswer, isHopeless: boolean): string {
  const tiers = explanation.tiers.map(tier => tier.tier)
  const sizeIn = (className: string) => {
    const sizes = explanation.largest.get(className)
    const largest = sizes === undefined ? ZERO : tiers.map(tier => sizes[tier]).reduce(most, ZERO)
    return inUnitsOf(answer.requested, largest)
  }
  const own = sizeIn(answer.class)
  const requested = new Set(explanation.tiers.flatMap(tier => tier.classes.map(one => one.class)))
  const others = [...explanation.largest.keys()].filter(
    name => !requested.has(name) && sizeIn(name) >= answer.requested,
  )
  // Of several classes, this one may fit in a tier where another does not.
  const size = own > ZERO && own < answer.requested ? [`ask for at most ${formatGpus(own)} ${answer.class}`] : []
  const advice = [
    ...(podsAtOnce(explanation) > 1 ? smallerGang(explanation) : size),
    ...others.slice(0, 2).map(name => `use ${name}, of which ${formatGpus(sizeIn(name))} fit now`),
    isHopeless ? 'ask the platform team for more quota' : patience(explanation, answer),
  ]
  return advice.join(', or ')
}

/** How many pods have to fit at once, where that is most: a member that goes to another tier than its gang stands by itself there. */
export function podsAtOnce({ tiers }: Explanation): number {
  return Math.max(1, ...tiers.map(({ pods }) => pods))
}

/** How many pods of the gang would fit at once, if they are all alike. */
function smallerGang(explanation: Explanation): readonly string[] {
  const fitting = explanation.tiers.flatMap(({ pods, classes }) =>
    classes
      .map(({ available, requested }) => (available * BigInt(pods)) / requested)
      .toSorted((a, b) => (a < b ? -1 : 1))
      .slice(0, 1),
  )
  const pods = fitting.reduce((best, count) => (count > best ? count : best), 0n)
  const isSmaller = pods > 0n && pods < BigInt(podsAtOnce(explanation))
  return isSmaller ? [`make the gang at most ${pods} ${pods === 1n ? 'pod' : 'pods'}`] : []
}

// A name that needs no quotes in a shell: what is pasted there must not be more than it seems.
const PLAIN_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

/** A command that is cut in the middle helps nobody, so it is there whole or not at all. */
function withCommand(fix: string, namespace: string | undefined): string {
  if (namespace === undefined || !PLAIN_NAME.test(namespace)) return fix
  const whole = `${fix}; see kubectl sluice usage -n ${namespace}`
  return whole.length <= MAX_LINE ? whole : fix
}

/** A tenant that holds nothing of what is full has nothing to free. */
function patience({ tenant, tiers }: Explanation, answer: ClassAnswer): string {
  const holders = tiers
    .flatMap(({ classes }) => classes.filter(one => one.class === answer.class))
    .flatMap(one => one.holders)
  const isHolder = holders.some(holder => holder.tenant === tenant)
  return isHolder ? `free some of what ${tenant} uses, or wait` : 'wait until others give some back'
}

// A pod that asks for whole GPUs is told a size in whole GPUs.
function inUnitsOf(requested: Amount, size: Amount): Amount {
  return requested % MILLI === 0n ? ((size - (size % MILLI)) as Amount) : size
}

/** Whose capacity it is, in words: `the burst pool of research`. */
export function lenderName(lender: Lender, borrower: string): string {
  switch (lender.kind) {
    case 'burst-pool':
      return `the burst pool of ${lender.cohort}`
    case 'shared-pool':
      return `the shared pool of ${lender.cohort}`
    case 'tenant':
      // What is left of a reservation and too small for the pod serves as burst, like anybody else's.
      return lender.tenant === borrower ? 'its own reservation' : lender.tenant
    case 'cohort':
      return `cohort ${lender.cohort}`
  }
}
