/**
 * Decides one request against a book. Costs the depth of the tree per class and tier, whatever the number of tenants
 * and pods; why a refused request did not fit is worked out elsewhere, for those that need it.
 */
import { type Amount, ZERO } from '../quantity/amount.ts'
import type { Tier } from '../schema/parts.ts'
import { type Book, enter, renew, viewFor } from './book.ts'
import { type Charge, chargeOf } from './ledger.ts'
import type { Tenant } from './quota-tree.ts'
import { type Amounts, available, sameAmounts } from './usage.ts'

/** What somebody wants to know: would this fit? A pod that names no tier gets the first of its tenant's that fits. */
export interface Ask {
  readonly tenant: string
  readonly tier: Tier | 'auto'
  readonly demand: Amounts
}

/** What a pod wants: an ask with an identity that can be charged. */
export interface Request extends Ask {
  readonly uid: string
  readonly namespace: string
  readonly name: string
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
  const bars = barsFor(tenant, request.demand)
  if (bars.length > 0) return barred(book, ...bars)

  const tier = firstFit(book, tenant, request)
  if (tier === undefined) return { outcome: { kind: 'refused', tiers: tiersFor(tenant, request) }, book }
  const charge = chargeFor(request, tier, stamp)
  return { outcome: { kind: 'charged', charge, former: null }, book: enter(book, charge) }
}

/** The tiers a request is judged in, in turn. A pod that names its tier is judged there alone. */
export function tiersFor(tenant: Tenant, { tier }: Pick<Ask, 'tier'>): readonly Tier[] {
  return tier === 'auto' ? tenant.spec.tierOrder : [tier]
}

export function barsFor(tenant: Tenant, demand: Amounts): readonly Bar[] {
  return [...demand].flatMap(([key, requested]) => barsInClass(tenant, key, requested))
}

/** The tier the ask would get now. */
export function firstFit(book: Book, tenant: Tenant, ask: Ask): Tier | undefined {
  return tiersFor(tenant, ask).find(tier => fits(book, tenant, tier, ask.demand))
}

function fits(book: Book, tenant: Tenant, tier: Tier, demand: Amounts): boolean {
  const view = viewFor(book, tier)
  const leaf = tenant.leaves[tier]
  // Asking for none of a class fits even where a quota was cut below its use.
  return demand.entries().every(([key, amount]) => amount === ZERO || amount <= available(view, leaf, key))
}

function again(book: Book, request: Request, former: Charge, stamp: Stamp): Decided {
  if (former.tenant !== request.tenant || !sameAmounts(former.amounts, withoutZeros(request.demand))) {
    return barred(book, { kind: 'uid-taken', holder: former })
  }
  if (former.expiresAtMs === null) return { outcome: { kind: 'charged', charge: former, former }, book }
  // Always another booking than before: whoever was going to withdraw the charge as it was must find it renewed.
  const charge = { ...former, ...stamp, expiresAtMs: Math.max(stamp.expiresAtMs, former.expiresAtMs + 1) }
  return { outcome: { kind: 'charged', charge, former }, book: renew(book, charge) }
}

function barred(book: Book, ...bars: readonly Bar[]): Decided {
  return { outcome: { kind: 'barred', bars }, book }
}

function barsInClass(tenant: Tenant, key: string, requested: Amount): readonly Bar[] {
  if (requested === ZERO) return []
  const limits = tenant.spec.classes.get(key)
  if (limits === undefined) {
    return [{ kind: 'class-not-allowed', class: key, allowed: [...tenant.spec.classes.keys()].toSorted() }]
  }
  // A negative demand would hand out capacity, so without a minimum there is still this one.
  const minimum = limits.perPodMin ?? ZERO
  if (requested < minimum) return [{ kind: 'below-minimum', class: key, requested, minimum }]
  const maximum = limits.perPodMax
  return maximum !== null && requested > maximum ? [{ kind: 'above-maximum', class: key, requested, maximum }] : []
}

function chargeFor({ uid, tenant, demand, namespace, name }: Request, tier: Tier, stamp: Stamp): Charge {
  return { uid, tenant, tier, amounts: withoutZeros(demand), namespace, name, ...stamp }
}

function withoutZeros(demand: Amounts): Amounts {
  return new Map([...demand].filter(([, amount]) => amount !== ZERO))
}
