/**
 * The ledger of one cohort tree: which pod holds how much, of which class, in which tier.
 *
 * An immutable value and its reducers. A batch is decided against a running ledger that is thrown away when its
 * compare-and-swap fails, so a change must be cheap and undoing it must be free. Charges therefore live in a
 * persistent map: one change costs a few short copies whether the ledger holds ten charges or 100,000, no draft has to
 * be sealed, and versions share what they have in common. What each tenant holds is kept beside the charges, so that
 * opening a ledger costs the number of tenants, not of pods.
 */
import { type Amount, add, subtract, ZERO } from '../quantity/amount.ts'
import type { Tier } from '../schema/parts.ts'
import {
  type Difference,
  differences,
  emptyMap,
  entries,
  find,
  insert,
  type PersistentMap,
  without,
} from './persistent-map.ts'
import type { Amounts } from './usage.ts'

export interface Charge {
  readonly uid: string
  readonly tenant: string
  readonly tier: Tier
  readonly amounts: Amounts
  readonly namespace: string
  readonly name: string
  /** When the charge lapses unless its pod is seen; null once it was. */
  readonly expiresAtMs: number | null
  /** The writer that booked or last renewed it. With the expiry this tells one booking of a pod from another. */
  readonly bookedBy: string
}

/** What one tenant holds, tier by tier; a class it holds nothing of is absent. */
export type Holding = Readonly<Record<Tier, Amounts>>

export interface Ledger {
  readonly charges: PersistentMap<Charge>
  readonly held: PersistentMap<Holding>
}

export const EMPTY_LEDGER: Ledger = { charges: emptyMap(), held: emptyMap() }

export function ledgerOf(charges: Iterable<Charge>): Ledger {
  return Iterator.from(charges).reduce(charge, EMPTY_LEDGER)
}

/** Books a charge. A UID has one charge: booking it again replaces the former one. */
export function charge(ledger: Ledger, booked: Charge): Ledger {
  const { charges, held } = release(ledger, booked.uid)
  return { charges: insert(charges, booked.uid, booked), held: hold(held, booked, add) }
}

/** Takes a charge off the books. An unknown UID changes nothing: a release may be delivered twice. */
export function release(ledger: Ledger, uid: string): Ledger {
  const former = find(ledger.charges, uid)
  if (former === undefined) return ledger
  return { charges: without(ledger.charges, uid), held: hold(ledger.held, former, subtract) }
}

/** Notes that the pod was seen: from now on the charge lasts until it is released. */
export function confirm(ledger: Ledger, uid: string): Ledger {
  const known = find(ledger.charges, uid)
  if (known === undefined || known.expiresAtMs === null) return ledger
  return { ...ledger, charges: insert(ledger.charges, uid, { ...known, expiresAtMs: null }) }
}

/** Drops the charges whose pod was not seen in time. */
export function expire(ledger: Ledger, nowMs: number): Ledger {
  return lapsed(ledger, nowMs).reduce((left, { uid }) => release(left, uid), ledger)
}

export function lapsed(ledger: Ledger, nowMs: number): readonly Charge[] {
  return [...charges(ledger)].filter(({ expiresAtMs }) => expiresAtMs !== null && expiresAtMs <= nowMs)
}

export function chargeOf(ledger: Ledger, uid: string): Charge | undefined {
  return find(ledger.charges, uid)
}

/** Every charge, in no order that means anything. */
export function charges(ledger: Ledger): IteratorObject<Charge> {
  return entries(ledger.charges).map(([, booked]) => booked)
}

/** What every tenant holds, in no order that means anything; a tenant that holds nothing is absent. */
export function holdings(ledger: Ledger): IteratorObject<readonly [tenant: string, Holding]> {
  return entries(ledger.held)
}

/** The tenants that do not hold the same in both ledgers, as far as can be seen without looking at amounts. */
export function changedHoldings(before: Ledger, after: Ledger): IteratorObject<Difference<Holding>> {
  return differences(before.held, after.held)
}

export const NOTHING_HELD: Holding = { reserved: new Map(), shared: new Map(), burst: new Map() }

function hold(
  held: PersistentMap<Holding>,
  { tenant, tier, amounts }: Charge,
  change: (held: Amount, amount: Amount) => Amount,
): PersistentMap<Holding> {
  const before = find(held, tenant) ?? NOTHING_HELD
  const inTier = new Map(before[tier])
  for (const [key, amount] of amounts) {
    const now = change(inTier.get(key) ?? ZERO, amount)
    if (now === ZERO) inTier.delete(key)
    else inTier.set(key, now)
  }
  const after = { ...before, [tier]: inTier }
  const isEmpty = after.reserved.size + after.shared.size + after.burst.size === 0
  return isEmpty ? without(held, tenant) : insert(held, tenant, after)
}
