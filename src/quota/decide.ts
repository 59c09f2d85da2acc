/**
 * Decides one request against a book. Costs the depth of the tree per class and tier, whatever the number of tenants
 * and pods; why a refused request did not fit is worked out elsewhere, for those that need it.
 */
import { type Amount, ZERO } from '../quantity/amount.ts'
import type { Tier } from '../schema/parts.ts'
import { type Book, reopenBook } from './book.ts'
import { fits } from './caps.ts'
import { claimFor, drawnFrom } from './drawing.ts'
import { type Fit, fitOf } from './fit.ts'
import { gangKey, joined, type Member, needOf, type WholeGang } from './gang.ts'
import { nonZero } from './holding.ts'
import { type Charge, charge, chargeOf, knownGang, type Ledger, renew, withGang } from './ledger.ts'
import type { Tenant } from './quota-tree.ts'
import { type Amounts, sameAmounts } from './usage.ts'

/** What somebody wants to know: would this fit? A pod that names no tier gets the first of its tenant's that fits. */
export interface Ask {
  readonly tenant: string
  readonly tier: Tier | 'auto'
  readonly demand: Amounts
  /** The gang it is useless without. */
  readonly gang?: WholeGang | undefined
  /** The bits of its controller (`ownerBits`), by which it draws on what is claimed for it; none without one. */
  readonly owner?: string | undefined
}

/** What a pod wants: an ask with an identity that can be charged. */
export interface Request extends Ask {
  readonly uid: string
  readonly namespace: string
}

/** Why a request is wrong whatever is used at the moment. */
export type Bar =
  | { readonly kind: 'unknown-tenant'; readonly tenant: string }
  | { readonly kind: 'class-not-allowed'; readonly class: string; readonly allowed: readonly string[] }
  | { readonly kind: 'below-minimum'; readonly class: string; readonly requested: Amount; readonly minimum: Amount }
  | { readonly kind: 'above-maximum'; readonly class: string; readonly requested: Amount; readonly maximum: Amount }
  /** The pod's UID already has a charge, for another tenant or another demand. */
  | { readonly kind: 'uid-taken'; readonly holder: Charge }

export type Outcome =
  /** `former` is the charge the UID already had, if this pod was asked about before. */
  | { readonly kind: 'charged'; readonly charge: Charge; readonly former: Charge | null }
  | { readonly kind: 'refused'; readonly tiers: readonly Tier[] }
  | { readonly kind: 'barred'; readonly bars: readonly Bar[] }

/** What a charge made now is marked with. */
export interface Stamp {
  readonly bookedBy: string
  readonly expiresAtMs: number
  /** Until when the members of a gang are waited for. */
  readonly holdUntilMs: number
}

export interface Decided {
  readonly outcome: Outcome
  readonly book: Book
}

/**
 * The book after the request, and what became of it. A pod UID has one answer: asked again with the same demand it gets
 * the tier it has, and no second charge; its expiry moves on, because someone still means to create the pod.
 */
export function decide(book: Book, request: Request, stamp: Stamp): Decided {
  const former = chargeOf(book.ledger, request.uid)
  if (former !== undefined) return again(book, request, former, stamp)

  const tenant = book.quota.tenants.get(request.tenant)
  if (tenant === undefined) return barred(book, { kind: 'unknown-tenant', tenant: request.tenant })
  const bars = barsFor(tenant, request)
  if (bars.length > 0) return barred(book, ...bars)

  const tier = firstFit(book, tenant, request)
  if (tier === undefined) return { outcome: { kind: 'refused', tiers: tiersFor(book, tenant, request) }, book }
  const { booked, ledger } = enter(book, request, tier, stamp)
  return { outcome: { kind: 'charged', charge: booked, former: null }, book: reopenBook(book, ledger) }
}

/**
 * The tiers a request is judged in, in turn. A pod that names its tier is judged there alone; others join their gang if they can, and
 * else go where room is held for them.
 */
export function tiersFor({ ledger }: Book, tenant: Tenant, ask: Ask): readonly Tier[] {
  if (ask.tier !== 'auto') return [ask.tier]
  const joins = ask.gang === undefined ? undefined : knownGang(ledger, gangKey(ask.tenant, ask.gang.id))?.tier
  const first = joins ?? claimFor(ledger, ask)?.tier
  const { tierOrder } = tenant.spec
  return first === undefined ? tierOrder : [first, ...tierOrder.filter(tier => tier !== first)]
}

/**
 * What must fit in a tier for the ask to be admitted there: with the first of a gang, all of it. What its gang holds is used before
 * what is claimed for it, and neither has to fit once more.
 */
export function needIn({ ledger }: Book, ask: Ask, tier: Tier): Fit {
  const { tenant, demand, gang } = ask
  const claim = claimFor(ledger, ask)
  const need =
    gang === undefined
      ? { pods: 1, amounts: demand }
      : needOf(knownGang(ledger, gangKey(tenant, gang.id)), gang, demand, tier)
  return fitOf(need, claim?.tier === tier ? claim : undefined)
}

export function barsFor(tenant: Tenant, { demand, gang }: Pick<Ask, 'demand' | 'gang'>): readonly Bar[] {
  const others = [...(gang?.demand ?? [])].filter(([key]) => !demand.has(key))
  return [
    ...[...demand].flatMap(([key, requested]) => barsInClass(tenant, key, requested)),
    // What its other members ask for is judged when they come, but where they can never come this one need not.
    ...others.flatMap(([key, requested]) => (requested === ZERO ? [] : unknownClass(tenant, key))),
  ]
}

/** The tier the ask would get now. */
export function firstFit(book: Book, tenant: Tenant, ask: Ask): Tier | undefined {
  return tiersFor(book, tenant, ask).find(tier => fits(book, tenant, tier, needIn(book, ask, tier)))
}

function again(book: Book, request: Request, former: Charge, stamp: Stamp): Decided {
  if (former.tenant !== request.tenant || !sameAmounts(former.amounts, nonZero(request.demand))) {
    return barred(book, { kind: 'uid-taken', holder: former })
  }
  const { bookedBy } = stamp
  // Always another booking than before: whoever was going to withdraw the charge as it was must find it renewed.
  const renewed = { ...former, bookedBy, expiresAtMs: Math.max(stamp.expiresAtMs, former.expiresAtMs + 1) }
  const outcome = { kind: 'charged', charge: renewed, former } as const
  return { outcome, book: reopenBook(book, renew(book.ledger, renewed)) }
}

function barred(book: Book, ...bars: readonly Bar[]): Decided {
  return { outcome: { kind: 'barred', bars }, book }
}

function barsInClass(tenant: Tenant, key: string, requested: Amount): readonly Bar[] {
  if (requested === ZERO) return []
  const limits = tenant.spec.classes.get(key)
  if (limits === undefined) return unknownClass(tenant, key)
  // A negative demand would hand out capacity, so without a minimum there is still this one.
  const minimum = limits.perPodMin ?? ZERO
  if (requested < minimum) return [{ kind: 'below-minimum', class: key, requested, minimum }]
  const maximum = limits.perPodMax
  return maximum !== null && requested > maximum ? [{ kind: 'above-maximum', class: key, requested, maximum }] : []
}

function unknownClass({ spec }: Tenant, key: string): readonly Bar[] {
  if (spec.classes.has(key)) return []
  return [{ kind: 'class-not-allowed', class: key, allowed: [...spec.classes.keys()].toSorted() }]
}

function enter(book: Book, request: Request, tier: Tier, stamp: Stamp): { booked: Charge; ledger: Ledger } {
  const { uid, tenant } = request
  const { bookedBy, expiresAtMs } = stamp
  const amounts = nonZero(request.demand)
  const { gang, after } = gangWith(book.ledger, request, { tenant, tier, amounts }, stamp)
  const booked = { uid, tenant, tier, amounts, gang, bookedBy, expiresAtMs, ...drawIn(book, request, tier) }
  const charged = charge(book.ledger, booked)
  return { booked, ledger: drawnFrom(gang === null ? charged : withGang(charged, gang, after), booked) }
}

/** The gang that a pod becomes a member of, and what it is then; null for one that stands by itself. */
function gangWith(ledger: Ledger, { tenant, gang: whole }: Request, member: Member, { holdUntilMs }: Stamp) {
  if (whole === undefined) return { gang: null, after: undefined }
  const key = gangKey(tenant, whole.id)
  const after = joined(knownGang(ledger, key), whole, member, holdUntilMs)
  return { gang: after === undefined ? null : key, after }
}

function drawIn(book: Book, request: Request, tier: Tier): Pick<Charge, 'drew'> {
  // Most have no claim, and for them what has to fit is not worked out once more.
  const claim = claimFor(book.ledger, request)
  if (claim === undefined || request.owner === undefined) return {}
  const { drawn } = needIn(book, request, tier)
  return drawn.size === 0 ? {} : { drew: { owner: request.owner, amounts: drawn, untilMs: claim.untilMs } }
}
