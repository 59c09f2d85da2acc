/**
 * Gangs: pods that are useless unless all of them run. The first member charges the whole gang, all or nothing; the others
 * draw on what was held for them. What is held for members that do not come is given back after a while.
 *
 * Without this, half of one gang and half of another are admitted, and neither ever runs (volcano#1387, kueue#2796).
 */
import type { Tier } from '../schema/parts.ts'
import { difference, excess, greater, NO_AMOUNTS, type Part, sum } from './holding.ts'
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

/**
 * What has to fit for a pod to be admitted in a tier, beyond all that is booked and held already.
 *
 * - The first member: the whole gang.
 * - A later one: what it asks for beyond what is held; once the hold has lapsed, all who are missing.
 * - One that is past the minimum, replaces another, or goes to another tier: itself.
 */
export function needOf(gang: Gang | undefined, whole: WholeGang, demand: Amounts, tier: Tier): Amounts {
  if (gang === undefined) return greater(whole.demand, demand)
  if (gang.tier !== tier) return demand
  if (gang.heldUntilMs !== null) return excess(demand, missingFrom(gang))
  return isComplete(gang) ? demand : greater(missingFrom(gang), demand)
}

/**
 * The gang with one more member; the same gang when the member goes to another tier, where it stands by itself. What is missing is
 * held anew each time: controllers of large gangs take their time. In all, use never shrinks by a member that comes.
 */
export function joined(gang: Gang | undefined, whole: WholeGang, member: Member, heldUntilMs: number): Gang {
  const { tenant, tier, amounts } = member
  if (gang === undefined) {
    const first = { tenant, tier, size: whole.size, whole: greater(whole.demand, amounts), arrived: 1, came: amounts }
    return withHold({ ...first, open: 1, isCounted: false, heldUntilMs: null }, heldUntilMs)
  }
  if (tier !== gang.tier) return gang
  const next = { ...gang, arrived: gang.arrived + 1, came: sum(gang.came, amounts), open: gang.open + 1 }
  const isReplacement = gang.heldUntilMs === null && isComplete(gang)
  return withHold(next, isReplacement ? null : Math.max(heldUntilMs, gang.heldUntilMs ?? 0))
}

function isComplete({ arrived, size }: Gang): boolean {
  return arrived >= size
}

/** The gang without a member that never came; undefined when none is left. Its room is held again if that of others is. */
export function withoutMember(gang: Gang, amounts: Amounts): Gang | undefined {
  if (gang.size > 0 && gang.arrived <= 1) return undefined
  const next = { ...gang, arrived: gang.arrived - 1, came: difference(gang.came, amounts), open: gang.open - 1 }
  return withHold(next, gang.heldUntilMs)
}

/** A member that has come: the leader counted it, or it is gone. */
export function settled(gang: Gang, how: 'counted' | 'gone'): Gang {
  return compact({ ...gang, open: gang.open - 1, isCounted: gang.isCounted || how === 'counted' })
}

export function lapsed(gang: Gang): Gang {
  return compact({ ...gang, heldUntilMs: null })
}

function withHold(gang: Gang, heldUntilMs: number | null): Gang {
  return { ...gang, heldUntilMs: missingFrom(gang).size === 0 ? null : heldUntilMs }
}

/** Whether nobody is left of a gang, as far as the ledger can tell. */
export function isOver({ open, isCounted, heldUntilMs }: Gang): boolean {
  return open === 0 && !isCounted && heldUntilMs === null
}

// Nobody who could still turn out not to have come: that the gang is complete is all that has to be known of it.
function compact(gang: Gang): Gang {
  const isSettled = isComplete(gang) && gang.open === 0 && gang.heldUntilMs === null
  return isSettled ? { ...gang, size: 0, arrived: 0, whole: NO_AMOUNTS, came: NO_AMOUNTS } : gang
}

/**
 * The key of a gang in a ledger: its tenant, and 64 bits of its id, which may be long. Two gangs that collide are of one tenant, and
 * cost it no more than a hold.
 */
export function gangKey(tenant: string, id: string): string {
  return gangKeyAt(tenant, `${fnv1a(id, 0x811c9dc5)}${fnv1a(id, 0x01000193)}`)
}

/** The key of a gang of which only the bits of its id are known. */
export function gangKeyAt(tenant: string, bits: string): string {
  return `${tenant}/${bits}`
}

function fnv1a(text: string, seed: number): string {
  let hash = seed
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(36).padStart(7, '0')
}
