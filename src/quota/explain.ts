/**
 * Why a request fits or does not: per tier and class the limits it met, the one that binds, who holds what it would
 * need, and what size would fit now. Numbers are exact; what they are worded like is someone else's business.
 */
import { type Amount, add, compare, least, most, subtract, ZERO } from '../quantity/amount.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import { bindingStep } from './binding.ts'
import { type Book, reopenBook } from './book.ts'
import { capSteps, highestCap, roomIn } from './caps.ts'
import { censusOf, type Holder } from './census.ts'
import { podUse } from './claimed.ts'
import { type Ask, needIn, tiersFor } from './decide.ts'
import { claimFor } from './drawing.ts'
import { excess, nonZero, sum } from './holding.ts'
import { withClaim } from './ledger.ts'
import { type Step, stateIn, stepsFrom, tightest } from './limits.ts'
import type { Tenant } from './quota-tree.ts'
import type { TenantClass } from './spec.ts'
import { potential, quotaAt } from './tree.ts'
import { type Amounts, used } from './usage.ts'
import { viewFor } from './view.ts'

export interface Explanation {
  readonly tenant: string
  readonly cohort: string
  /** In the order in which they were tried. */
  readonly tiers: readonly TierAnswer[]
  /** For every class the tenant may use, the largest pod that fits now, tier by tier, other classes aside. */
  readonly largest: ReadonlyMap<string, Readonly<Record<Tier, Amount>>>
}

export interface TierAnswer {
  readonly tier: Tier
  /** How many pods have to fit at once; 1 for one that is judged by itself. */
  readonly pods: number
  readonly fits: boolean
  readonly classes: readonly ClassAnswer[]
}

export interface ClassAnswer {
  readonly class: string
  /** What has to fit: with the first pod of a gang, all of them. */
  readonly requested: Amount
  /** What the tier has left for this tenant; never negative. */
  readonly available: Amount
  /** What is missing; zero where the class fits. */
  readonly short: Amount
  /** What the tier could give if nobody used anything: a request above it can never fit. */
  readonly potential: Amount
  /** From the tenant's own limit to the root. */
  readonly path: readonly Step[]
  readonly binding: Step
  /** What of the class the tenant's cohort has and nobody uses, without what lending limits hide. */
  readonly idle: Amount
  /** Who holds what the binding limit counts, the largest first. */
  readonly holders: readonly Holder[]
  /** Who borrows in the tenant's cohort, the largest first: what a rebalance would take back. */
  readonly borrowers: readonly Holder[]
  /** For whom room is held that the binding limit counts, the largest first: nobody uses it, and nobody else is admitted into it. */
  readonly claimants: readonly Holder[]
  /** What is held for whoever asks: where it does not fit all the same, others still use it. */
  readonly own: Amount
}

/** Explains an ask of a tenant of this tree. The first of a book may cost the size of the tree, the rest its depth. */
export function explain(book: Book, tenant: Tenant, ask: Ask): Explanation {
  return {
    tenant: tenant.spec.name,
    cohort: tenant.spec.cohort,
    tiers: tiersFor(book, tenant, ask).map(tier => {
      const fit = needIn(book, ask, tier)
      const need = nonZero(sum(fit.amounts, fit.drawn))
      // What is claimed for it does not stand in its way, so it is told of the limits as they are without.
      const seen = withoutDrawn(book, ask, fit.drawn)
      const classes = [...need.keys()].map(key => {
        return { ...classAnswer(seen, tenant, tier, key, need), own: fit.drawn.get(key) ?? ZERO }
      })
      return { tier, pods: fit.pods, fits: classes.every(({ short }) => short === ZERO), classes }
    }),
    largest: new Map(
      [...tenant.spec.classes].map(([key, limits]) => [key, largestByTier(book, tenant, ask, key, limits)]),
    ),
  }
}

function withoutDrawn(book: Book, ask: Ask, drawn: Amounts): Book {
  const claim = claimFor(book.ledger, ask)
  if (claim === undefined || drawn.size === 0) return book
  return reopenBook(book, withClaim(book.ledger, { ...claim, amounts: excess(claim.amounts, drawn) }))
}

function classAnswer(book: Book, tenant: Tenant, tier: Tier, key: string, need: Amounts): Omit<ClassAnswer, 'own'> {
  const view = viewFor(book, tier)
  const leaf = tenant.leaves[tier]
  const requested = need.get(key) ?? ZERO
  const path = [...capSteps(book, tenant, tier, key, need), ...stepsFrom(book.quota, leaf, stateIn(view, key))]
  const binding = bindingStep(book, view, leaf, key, path)
  const room = most(ZERO, tightest(path).room)
  const census = censusOf(book)
  return {
    class: key,
    requested,
    available: room,
    short: most(ZERO, subtract(requested, room)),
    potential: least(potential(leaf, key), highestCap(tenant, key, need)),
    path,
    binding,
    idle: most(ZERO, subtract(quotaAt(tenant.cohort, key).subtree, used(book.total, tenant.cohort, key))),
    holders: binding.limit.kind === 'cap' ? ownHoldings(book, tenant, key) : census.holders(binding.node, key),
    borrowers: census.borrowers(tenant.cohort, key),
    claimants: census.claimants(binding.node, key).filter(claimant => isInTheWay(claimant, tier)),
  }
}

/** Whether what is claimed in one tier is judged in another. */
function isInTheWay(claimant: Holder, tier: Tier): boolean {
  return tier === 'burst' || claimant.tier === tier
}

function ownHoldings(book: Book, { leaves, spec }: Tenant, key: string): readonly Holder[] {
  const inUse = podUse(book)
  return TIERS.map(tier => ({ tenant: spec.name, tier, amount: used(inUse, leaves[tier], key) }))
    .filter(({ amount }) => amount !== ZERO)
    .toSorted((a, b) => compare(b.amount, a.amount))
}

function largestByTier(
  book: Book,
  tenant: Tenant,
  ask: Ask,
  key: string,
  limits: TenantClass,
): Readonly<Record<Tier, Amount>> {
  const claim = claimFor(book.ledger, ask)
  const size = (tier: Tier) => {
    const beside = roomIn(book, tenant, tier, key)
    const own = claim?.tier === tier ? (claim.amounts.get(key) ?? ZERO) : ZERO
    // Nobody draws on a claim where more is held than there is.
    const room = beside < ZERO ? ZERO : add(beside, own)
    const allowed = limits.perPodMax === null ? room : least(room, limits.perPodMax)
    return limits.perPodMin !== null && allowed < limits.perPodMin ? ZERO : allowed
  }
  return { reserved: size('reserved'), shared: size('shared'), burst: size('burst') }
}
