/**
 * The ledger of one cohort tree: who holds how much, of which class, in which tier.
 *
 * - `base`: what the leader counted of the pods it has seen.
 * - `charges`: what was booked for pods that nobody has counted yet, each with its UID and expiry.
 * - `gangs`: what is held for the members of gangs that are still to come.
 * - `claims`: what is held for those for whom the rebalancer makes room.
 *
 * An immutable value and its reducers. A batch is decided against a running ledger that is thrown away when its compare-and-swap
 * fails, so a change must be cheap and undoing it must be free. So everything lives in persistent maps: one change costs a few
 * short copies whatever the size, and versions share what they have in common. What each tenant holds in all is kept beside
 * them, so that opening a ledger costs the number of tenants, not of pods.
 */
import type { Tier } from '../schema/parts.ts'
import { type Claim, claimKey } from './claim.ts'
import { type Complete, type Gang, heldFor, isOver, type KnownGang, settled, withoutMember } from './gang.ts'
import {
  common,
  excess,
  type Holding,
  type Holdings,
  holdingOf,
  holdLess,
  holdMore,
  holdMoreOf,
  sum,
} from './holding.ts'
import {
  type Difference,
  differences,
  emptyMap,
  entries,
  find,
  insert,
  insertAll,
  type PersistentMap,
  without,
} from './persistent-map.ts'
import type { Amounts } from './usage.ts'

export interface Charge {
  readonly uid: string
  readonly tenant: string
  readonly tier: Tier
  readonly amounts: Amounts
  /** The key of the gang it is a member of. */
  readonly gang: string | null
  /** When the charge lapses unless its pod is seen. */
  readonly expiresAtMs: number
  /** The writer that booked or last renewed it. With the expiry this tells one booking of a pod from another. */
  readonly bookedBy: string
  /** What it took of a claim. */
  readonly drew?: Draw
}

/** What a charge took of the claim that was held for its owner, and until when that claim stood: it tells one claim from a later one. */
export interface Draw {
  readonly owner: string
  readonly amounts: Amounts
  readonly untilMs: number
}

export interface Base {
  /** The resource version of the newest pod event that is in it. */
  readonly position: bigint
  readonly held: Holdings
  /** Gangs that were complete when they were counted, for as long as one of their pods is there. */
  readonly complete: PersistentMap<Complete>
}

export interface Ledger {
  readonly base: Base
  readonly charges: PersistentMap<Charge>
  readonly gangs: PersistentMap<Gang>
  /** By `claimKey`. */
  readonly claims: PersistentMap<Claim>
  /** Base, charges, holds and claims in one: what counts against the limits. */
  readonly held: Holdings
}

const NOTHING_COUNTED: Base = { position: 0n, held: emptyMap(), complete: emptyMap() }

export const EMPTY_LEDGER: Ledger = {
  base: NOTHING_COUNTED,
  charges: emptyMap(),
  gangs: emptyMap(),
  claims: emptyMap(),
  held: emptyMap(),
}

/** Puts a ledger together from its parts. */
export function ledgerOf(
  booked: Iterable<Charge>,
  gangs: Iterable<readonly [key: string, Gang]> = [],
  base: Base = NOTHING_COUNTED,
  claimed: Iterable<Claim> = [],
): Ledger {
  const byUid = Iterator.from(booked).map(one => [one.uid, one] as const)
  const known = Iterator.from(gangs).filter(([, gang]) => !isOver(gang))
  const byKey = Iterator.from(claimed).map(claim => [claimKey(claim.tenant, claim.heldFor), claim] as const)
  const parts = {
    charges: insertAll(emptyMap<Charge>(), byUid),
    gangs: insertAll(emptyMap<Gang>(), known),
    claims: insertAll(emptyMap<Claim>(), byKey),
  }
  return rebased({ ...EMPTY_LEDGER, ...parts }, base)
}

/** The ledger on another base: what has not been counted stands beside it as before. */
export function rebased(ledger: Ledger, base: Base): Ledger {
  const holds = entries(ledger.gangs).map(([, gang]) => heldFor(gang))
  const parts = [...charges(ledger), ...holds, ...claims(ledger)]
  return { ...ledger, base, held: holdMoreOf(base.held, parts) }
}

/** Books a charge. A UID has one charge: booking it again replaces the former one. */
export function charge(ledger: Ledger, booked: Charge): Ledger {
  const { charges, held, ...rest } = struck(ledger, booked.uid)
  return { ...rest, charges: insert(charges, booked.uid, booked), held: holdMore(held, booked) }
}

/** Lets a charge that is booked already live longer; nothing else about it changes. */
export function renew(ledger: Ledger, booked: Charge): Ledger {
  return { ...ledger, charges: insert(ledger.charges, booked.uid, booked) }
}

/** Takes the charge of a pod that is gone off the books. An unknown UID changes nothing: it may be delivered twice. */
export function release(ledger: Ledger, uid: string): Ledger {
  const former = chargeOf(ledger, uid)
  return former === undefined ? ledger : settle(ledger, former, 'gone')
}

/** Takes a charge off the books whose pod has come: it is in the base now, or it is gone. */
export function settle(ledger: Ledger, former: Charge, how: 'counted' | 'gone'): Ledger {
  return left(ledger, former, gang => settled(gang, how))
}

/**
 * Takes a charge off the books whose pod never came: its gang, if it has one, misses a member again, and what it drew on a claim is
 * claimed again.
 *
 * A charge whose caller was told too late, or whose pod another webhook refused, met no need: its owner tries again with another pod.
 * Left to whoever asks first, the room would have to be freed a second time, by evicting others. It stays claimed no longer
 * than it would have been.
 */
export function withdraw(ledger: Ledger, former: Charge): Ledger {
  const after = left(ledger, former, gang => withoutMember(gang, former))
  return former.drew === undefined ? after : reclaimed(ledger, after, former, former.drew)
}

function reclaimed(before: Ledger, after: Ledger, { tenant, tier }: Charge, { owner, amounts, untilMs }: Draw): Ledger {
  const heldFor = { kind: 'owner', owner } as const
  // What a gang goes on holding for its other members is not free.
  const freed = excess(holdingOf(before.held, tenant)[tier], holdingOf(after.held, tenant)[tier])
  const back = { tenant, tier, heldFor, untilMs, amounts: common(amounts, freed) }
  const present = find(after.claims, claimKey(tenant, heldFor))
  if (present === undefined) return withClaim(after, back)
  // One that was made since is what the owner needs, as the rebalancer knew it then.
  const isSame = present.tier === tier && present.untilMs === untilMs
  return isSame ? withClaim(after, { ...back, amounts: sum(back.amounts, present.amounts) }) : after
}

function left(ledger: Ledger, { uid, gang: key }: Charge, after: (gang: Gang) => Gang | undefined): Ledger {
  const others = struck(ledger, uid)
  const gang = key === null ? undefined : find(others.gangs, key)
  return key === null || gang === undefined ? others : withGang(others, key, after(gang))
}

/** The ledger with another state of a gang, and what that state holds; one of which nobody is left is forgotten. */
export function withGang(ledger: Ledger, key: string, after: Gang | undefined): Ledger {
  const before = find(ledger.gangs, key)
  const freed = before === undefined ? ledger.held : holdLess(ledger.held, heldFor(before))
  if (after === undefined || isOver(after)) return { ...ledger, gangs: without(ledger.gangs, key), held: freed }
  return { ...ledger, gangs: insert(ledger.gangs, key, after), held: holdMore(freed, heldFor(after)) }
}

/** The ledger with a claim, which replaces the one that its tenant had for the same claimant; one of nothing is none. */
export function withClaim(ledger: Ledger, claim: Claim): Ledger {
  const key = claimKey(claim.tenant, claim.heldFor)
  const others = withoutClaim(ledger, key)
  if (claim.amounts.size === 0) return others
  return { ...others, claims: insert(others.claims, key, claim), held: holdMore(others.held, claim) }
}

/** The ledger without a claim, if it is there. */
export function withoutClaim(ledger: Ledger, key: string): Ledger {
  const former = find(ledger.claims, key)
  if (former === undefined) return ledger
  return { ...ledger, claims: without(ledger.claims, key), held: holdLess(ledger.held, former) }
}

export function knownGang(ledger: Ledger, key: string): KnownGang {
  return find(ledger.gangs, key) ?? find(ledger.base.complete, key)
}

export function chargeOf(ledger: Ledger, uid: string): Charge | undefined {
  return find(ledger.charges, uid)
}

/** Every charge that has not been counted, in no order that means anything. */
export function charges(ledger: Ledger): IteratorObject<Charge> {
  return entries(ledger.charges).map(([, booked]) => booked)
}

/** Every claim, in no order that means anything. */
export function claims(ledger: Ledger): IteratorObject<Claim> {
  return entries(ledger.claims).map(([, claim]) => claim)
}

/** What every tenant holds, in no order that means anything; a tenant that holds nothing is absent. */
export function holdings(ledger: Ledger): IteratorObject<readonly [tenant: string, Holding]> {
  return entries(ledger.held)
}

/** The tenants that do not hold the same in both ledgers, as far as can be seen without looking at amounts. */
export function changedHoldings(before: Ledger, after: Ledger): IteratorObject<Difference<Holding>> {
  return differences(before.held, after.held)
}

function struck(ledger: Ledger, uid: string): Ledger {
  const former = chargeOf(ledger, uid)
  if (former === undefined) return ledger
  return { ...ledger, charges: without(ledger.charges, uid), held: holdLess(ledger.held, former) }
}
