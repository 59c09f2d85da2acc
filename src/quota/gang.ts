/**
 * Gangs: pods that are useless unless all of them run. The first member charges the whole gang, all or nothing; the others
 * draw on what was held for them. What is held for members that do not come is given back after a while.
 *
 * Without this, half of one gang and half of another are admitted, and neither ever runs (volcano#1387, kueue#2796).
 */
import type { Tier } from '../schema/parts.ts'
import { difference, excess, greater, NO_AMOUNTS, type Part, sum } from './holding.ts'
import { idBits } from './id-bits.ts'
import type { Charge } from './ledger.ts'
import type { Amounts } from './usage.ts'

/** The least that has to run together, the asking pod included: the elastic minimum where there is one. */
export interface WholeGang {
  /** The same for all members, and no other gang's. */
  readonly id: string
  /** How many pods that is; of those, the ones that ask for accelerators. */
  readonly size: number
  /** What all of them ask for together, by class. */
  readonly demand: Amounts
}

/** What the ledger remembers of a gang for as long as one of its pods is there. */
export interface Gang {
  readonly tenant: string
  /** The tier in which the first member found room for all. */
  readonly tier: Tier
  readonly size: number
  readonly whole: Amounts
  /** Members charged so far, less those that never came, and what they asked for. */
  readonly arrived: number
  readonly came: Amounts
  /** How many of them have charges in the ledger: the others have been counted, or have ended. */
  readonly open: number
  /** Whether the leader has counted a member, so that it alone knows when the last one is gone. */
  readonly isCounted: boolean
  /** Until when the room of the missing members is held; null: it is not, or nobody is missing. */
  readonly heldUntilMs: number | null
}

/** Who joins. */
export interface Member {
  readonly tenant: string
  readonly tier: Tier
  readonly amounts: Amounts
}

/** The room of the members that are still to come, whether it is held or not. */
export function missingFrom({ whole, came }: Gang): Amounts {
  return excess(whole, came)
}

/** What a gang holds besides the charges of its members. */
export function heldFor(gang: Gang): Part {
  const { tenant, tier } = gang
  return { tenant, tier, amounts: gang.heldUntilMs === null ? NO_AMOUNTS : missingFrom(gang) }
}

/** What the ledger knows of the gang of a pod that asks: nothing, its record, or that it was complete once and has pods. */
export type KnownGang = Gang | Complete | undefined

/** A gang of which as many pods have come, and been counted, as have to run together. */
export interface Complete {
  readonly tier: Tier
  readonly size: number
  readonly whole?: never
}

/** What has to fit at once, and for how many pods that is. */
export interface Need {
  readonly pods: number
  readonly amounts: Amounts
}

/**
 * What has to fit for a pod to be admitted in a tier, beyond all that is booked and held already.
 *
 * - The first member: the whole gang. So too where the gang has become larger than the one that was complete: it is another.
 * - A later one: what it asks for beyond what is held; once the hold has lapsed, all who are missing.
 * - One that is past the minimum, replaces another, or goes to another tier: itself.
 */
export function needOf(gang: KnownGang, whole: WholeGang, demand: Amounts, tier: Tier): Need {
  if (gang === undefined || isAnother(gang, whole)) return { pods: whole.size, amounts: greater(whole.demand, demand) }
  if (!isOpen(gang) || gang.tier !== tier) return { pods: 1, amounts: demand }
  if (gang.heldUntilMs !== null) return { pods: 1, amounts: excess(demand, missingFrom(gang)) }
  if (isComplete(gang)) return { pods: 1, amounts: demand }
  return { pods: gang.size - gang.arrived, amounts: greater(missingFrom(gang), demand) }
}

function isOpen(gang: Gang | Complete): gang is Gang {
  return gang.whole !== undefined
}

/** Many controllers know their gangs by name alone, and a name is used again while the last pod of the former gang still ends. */
function isAnother(gang: Gang | Complete, whole: WholeGang): boolean {
  return !isOpen(gang) && whole.size > gang.size
}

/**
 * The gang with one more member; undefined when the member stands by itself: it goes to another tier, or comes to a gang that is
 * complete. What is missing is held anew each time: controllers of large gangs take their time. In all, use never shrinks by a member
 * that comes.
 */
export function joined(gang: KnownGang, whole: WholeGang, member: Member, heldUntilMs: number): Gang | undefined {
  const { tenant, tier, amounts } = member
  if (gang === undefined || isAnother(gang, whole)) {
    const first = { tenant, tier, size: whole.size, whole: greater(whole.demand, amounts), arrived: 1, came: amounts }
    return withHold({ ...first, open: 1, isCounted: false, heldUntilMs: null }, heldUntilMs)
  }
  if (!isOpen(gang) || tier !== gang.tier) return undefined
  const next = { ...gang, arrived: gang.arrived + 1, came: sum(gang.came, amounts), open: gang.open + 1 }
  const isReplacement = gang.heldUntilMs === null && isComplete(gang)
  return withHold(next, isReplacement ? null : Math.max(heldUntilMs, gang.heldUntilMs ?? 0))
}

function isComplete({ arrived, size }: Gang): boolean {
  return arrived >= size
}

/**
 * The gang without a member that never came; undefined when none is left. Its room is held for another, with that of the others who
 * are missing; where nobody was, for as long as its charge would have lasted. Of a gang whose hold has lapsed nothing is held.
 */
export function withoutMember(gang: Gang, { amounts, expiresAtMs }: Charge): Gang | undefined {
  if (gang.arrived <= 1) return undefined
  const next = { ...gang, arrived: gang.arrived - 1, came: difference(gang.came, amounts), open: gang.open - 1 }
  return withHold(next, missingFrom(gang).size === 0 ? expiresAtMs : gang.heldUntilMs)
}

/** A member that has come: the leader counted it, or it is gone. */
export function settled(gang: Gang, how: 'counted' | 'gone'): Gang {
  return { ...gang, open: gang.open - 1, isCounted: gang.isCounted || how === 'counted' }
}

function withHold(gang: Gang, heldUntilMs: number | null): Gang {
  return { ...gang, heldUntilMs: missingFrom(gang).size === 0 ? null : heldUntilMs }
}

/** Whether nobody is left of a gang, as far as the ledger can tell. */
export function isOver({ open, isCounted, heldUntilMs }: Gang): boolean {
  return open === 0 && !isCounted && heldUntilMs === null
}

/** What is left to know of a gang: that it is complete, once nobody could still turn out not to have come. */
export function completed(gang: Gang): Complete | undefined {
  return isComplete(gang) && gang.open === 0 && gang.heldUntilMs === null
    ? { tier: gang.tier, size: gang.size }
    : undefined
}

/**
 * The key of a gang in a ledger: its tenant, and 64 bits of its id, which may be long. Two gangs that collide are of one tenant, and
 * cost it no more than a hold.
 */
export function gangKey(tenant: string, id: string): string {
  return gangKeyAt(tenant, gangBits(id))
}

/** The 64 bits of an id that stand in its key. */
export function gangBits(id: string): string {
  return idBits(id)
}

/** The key of a gang of which only the bits of its id are known. */
export function gangKeyAt(tenant: string, bits: string): string {
  return `${tenant}/${bits}`
}
