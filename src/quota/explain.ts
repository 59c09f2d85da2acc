/**
 * Why a request fits or does not: per tier and class the limits it met, the one that binds, who holds what it would
 * need, and what size would fit now. Numbers are exact; what they are worded like is someone else's business.
 */
import { type Amount, compare, least, most, subtract, ZERO } from '../quantity/amount.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import { bindingStep } from './binding.ts'
import { type Book, viewFor } from './book.ts'
import { capSteps, highestCap, roomIn } from './caps.ts'
import { censusOf, type Holder } from './census.ts'
import { type Ask, needIn, tiersFor } from './decide.ts'
import { holdingOf, nonZero } from './holding.ts'
import { type Step, stateIn, stepsFrom, tightest } from './limits.ts'
import type { Tenant } from './quota-tree.ts'
import type { TenantClass } from './spec.ts'
import { potential, quotaAt } from './tree.ts'
import { type Amounts, used } from './usage.ts'

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
}

/** Explains an ask of a tenant of this tree. The first of a book may cost the size of the tree, the rest its depth. */
export function explain(book: Book, tenant: Tenant, ask: Ask): Explanation {
  return {
    tenant: tenant.spec.name,
    cohort: tenant.spec.cohort,
    tiers: tiersFor(book, tenant, ask).map(tier => {
      const { pods, amounts } = needIn(book, ask, tier)
      const need = nonZero(amounts)
      const classes = [...need.keys()].map(key => classAnswer(book, tenant, tier, key, need))
      return { tier, pods, fits: classes.every(({ short }) => short === ZERO), classes }
    }),
    largest: new Map([...tenant.spec.classes].map(([key, limits]) => [key, largestByTier(book, tenant, key, limits)])),
  }
}

function classAnswer(book: Book, tenant: Tenant, tier: Tier, key: string, need: Amounts): ClassAnswer {
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
  }
}

function ownHoldings({ ledger }: Book, { spec }: Tenant, key: string): readonly Holder[] {
  const held = holdingOf(ledger.held, spec.name)
  return TIERS.map(tier => ({ tenant: spec.name, tier, amount: held[tier].get(key) ?? ZERO }))
    .filter(({ amount }) => amount !== ZERO)
    .toSorted((a, b) => compare(b.amount, a.amount))
}

function largestByTier(book: Book, tenant: Tenant, key: string, limits: TenantClass): Readonly<Record<Tier, Amount>> {
  const size = (tier: Tier) => {
    const room = most(ZERO, roomIn(book, tenant, tier, key))
    const allowed = limits.perPodMax === null ? room : least(room, limits.perPodMax)
    return limits.perPodMin !== null && allowed < limits.perPodMin ? ZERO : allowed
  }
  return { reserved: size('reserved'), shared: size('shared'), burst: size('burst') }
}
