/**
 * The recount: the leader moves what it has seen from charges to the base, and drops what is over.
 *
 * Two bugs of ResourceQuota are what this is careful about. Usage counted from a list that has not reached a pod yet is
 * too low, although the write itself met no conflict (kubernetes#123434): so a charge stays beside the base until its pod
 * was seen, and a base is only replaced by one that was counted at the same place of the watch or further on. And a
 * charge whose pod was never created must not stay (#61530): so it lapses, but only when everything that was created before its
 * expiry has been seen.
 */
import { type Amount, add, subtract, ZERO } from '../quantity/amount.ts'
import { TIERS } from '../schema/parts.ts'
import type { Claim } from './claim.ts'
import { type Complete, completed, type Gang } from './gang.ts'
import { type Holding, type Holdings, holdingOf, holdMoreOf, partsOf } from './holding.ts'
import {
  type Charge,
  charges,
  claims,
  type Ledger,
  rebased,
  settle,
  withdraw,
  withGang,
  withoutClaim,
} from './ledger.ts'
import { emptyMap, entries, find, insertAll, type PersistentMap } from './persistent-map.ts'
import { sameAmounts } from './usage.ts'

/** What the leader has seen of the pods of one tree. */
export interface PodView {
  /** The resource version up to which it has seen every event of a pod of this tree. */
  readonly position: bigint
  /** Every pod that was created before this moment has been seen. */
  readonly asOfMs: number
  /**
   * Whether a charge whose time is up by `asOfMs` may lapse; any may where this is not said. Expiries are of the clock of whoever
   * booked, so a leader that cannot trust clocks says no to what it has not known for long enough itself.
   */
  readonly mayLapse?: (booked: Charge) => boolean
  /** The pods that are there, by their UIDs, and the tier in which each is counted. */
  readonly pods: PersistentMap<Pick<Charge, 'tier'>>
  /** What they hold. */
  readonly held: Holdings
  readonly gone: Departures
  /** `counted`: it was in the base of the last recount already, so that a charge for it is a second one. */
  statusOf(uid: string): 'live' | 'gone' | 'counted' | 'unseen'
  /** Whether a pod of the gang is there. */
  isLive(gang: string): boolean
}

/** Who left since the last recount. */
export interface Departures {
  /** The position from which on they are complete; null before the first recount, when others may have counted before. */
  readonly since: bigint | null
  readonly uids: PersistentMap<'seen' | 'never seen'>
  /** What they held, and what those held before who are there and have moved to another tier. */
  readonly held: Holdings
}

/** The ledger as counted by a view; the same ledger when the view is older than what it was counted by before, or adds nothing. */
export function recount(ledger: Ledger, view: PodView): Ledger {
  if (view.position < ledger.base.position) return ledger
  const settledAll = Iterator.from(charges(ledger)).reduce((left, booked) => judged(left, booked, view), ledger)
  const gangsJudged = entries(settledAll.gangs).reduce(
    (left, [key, gang]) => withGangJudged(left, key, gang, view),
    settledAll,
  )
  const next = entries(gangsJudged.claims).reduce(
    (left, [key, claim]) => (isMetOrLapsed(claim, view) ? withoutClaim(left, key) : left),
    gangsJudged,
  )
  const complete = completeGangs(next, view)
  const isSame = view.position === ledger.base.position && sameHoldings(view.held, ledger.base.held)
  if (isSame && complete === ledger.base.complete) return next
  const incomplete = entries(next.gangs).filter(([, gang]) => completed(gang) === undefined)
  const base = { position: view.position, held: view.held, complete }
  return rebased({ ...next, gangs: insertAll(emptyMap<Gang>(), incomplete) }, base)
}

// They take about 30 bytes each. One that is forgotten while its pods run must fit whole once more when one of them is replaced.
const MOST_COMPLETE = 10_000

/** The gangs that are complete and have pods: those that were, and those that are now. */
function completeGangs({ base, gangs }: Ledger, { isLive }: PodView): PersistentMap<Complete> {
  const known = [...entries(base.complete)]
  const live = known.filter(([key]) => isLive(key))
  const added = [...entries(gangs)].flatMap(([key, gang]): (readonly [string, Complete])[] => {
    const complete = completed(gang)
    return complete === undefined || !isLive(key) ? [] : [[key, complete]]
  })
  if (added.length === 0 && live.length === known.length) return base.complete
  return insertAll(emptyMap<Complete>(), [...live, ...added].slice(-MOST_COMPLETE))
}

function judged(ledger: Ledger, booked: Charge, view: PodView): Ledger {
  switch (view.statusOf(booked.uid)) {
    case 'live':
      return settle(ledger, booked, 'counted')
    case 'gone':
      return settle(ledger, booked, 'gone')
    case 'counted':
      return withdraw(ledger, booked)
    case 'unseen':
      return isOver(booked, view) ? withdraw(ledger, booked) : ledger
  }
}

function isOver(booked: Charge, { asOfMs, mayLapse = () => true }: PodView): boolean {
  return booked.expiresAtMs <= asOfMs && mayLapse(booked)
}

/** Whether a recount by this view would leave the ledger as it is, but for the position. */
export function changesNothing(ledger: Ledger, view: PodView): boolean {
  const here = { ...ledger, base: { ...ledger.base, position: view.position } }
  return view.gone.uids.size === 0 && recount(here, view) === here
}

function withGangJudged(ledger: Ledger, key: string, gang: Gang, view: PodView): Ledger {
  const isLapsed = gang.heldUntilMs !== null && gang.heldUntilMs <= view.asOfMs
  const isCounted = gang.isCounted && view.isLive(key)
  if (!isLapsed && isCounted === gang.isCounted) return ledger
  return withGang(ledger, key, { ...gang, isCounted, heldUntilMs: isLapsed ? null : gang.heldUntilMs })
}

/**
 * A claim lapses like a hold. That of a pod ends in the value whose base counts the pod in its tier, so that its room is never given
 * away in between; and when the pod is gone. Of a pod that this leader never saw neither is known: such a claim lapses.
 */
function isMetOrLapsed({ tier, heldFor, untilMs }: Claim, { asOfMs, pods, gone }: PodView): boolean {
  if (untilMs <= asOfMs) return true
  if (heldFor.kind === 'owner') return false
  const { uid } = heldFor
  return find(pods, uid)?.tier === tier || find(gone.uids, uid) !== undefined
}

/**
 * How far what the leader counts is from what the ledger says, in milli-GPUs: the sum over tenants, tiers and classes of what the
 * pods that came and went since do not explain. Null where the view does not know who went. Anything but zero means that pods run
 * uncharged, or that a pod is counted otherwise than it was charged.
 */
export function driftOf(ledger: Ledger, view: PodView): Amount | null {
  if (view.gone.since !== ledger.base.position) return null
  // Of a pod that nobody saw before it was gone it is not known what it held.
  const arrived = Iterator.from(charges(ledger)).filter(({ uid }) => {
    return view.statusOf(uid) === 'live' || find(view.gone.uids, uid) === 'seen'
  })
  // Who moved to another tier counts there as its claim announced, and is among those who left the tier where it was.
  const moved = claims(ledger).filter(({ heldFor, tier }) => {
    return heldFor.kind === 'pod' && find(view.pods, heldFor.uid)?.tier === tier
  })
  const explained = holdMoreOf(holdMoreOf(ledger.base.held, arrived), moved)
  const counted = holdMoreOf(view.held, entries(view.gone.held).flatMap(partsOf))
  const tenants = new Set([...entries(explained), ...entries(counted)].map(([tenant]) => tenant))
  return [...tenants].reduce(
    (sum, tenant) => add(sum, distance(holdingOf(explained, tenant), holdingOf(counted, tenant))),
    ZERO,
  )
}

function distance(a: Holding, b: Holding): Amount {
  return TIERS.reduce((sum, tier) => {
    const keys = new Set([...a[tier].keys(), ...b[tier].keys()])
    return [...keys].reduce((total, key) => {
      const apart = subtract(a[tier].get(key) ?? ZERO, b[tier].get(key) ?? ZERO)
      return add(total, apart < ZERO ? subtract(ZERO, apart) : apart)
    }, sum)
  }, ZERO)
}

function sameHoldings(a: Holdings, b: Holdings): boolean {
  if (a === b) return true
  return (
    a.size === b.size &&
    entries(a).every(([tenant, holding]) => {
      const other = holdingOf(b, tenant)
      return TIERS.every(tier => sameAmounts(holding[tier], other[tier]))
    })
  )
}
