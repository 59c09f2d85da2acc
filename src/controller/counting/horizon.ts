/**
 * Until when everything that was created has been told of, and which charges may lapse by that.
 *
 * A charge lapses when its pod can no longer come. No clock of another machine is believed for that: a replica whose clock is minutes
 * behind books charges that look old, a leader whose clock is ahead finds every charge old, and dropping one whose pod comes after all
 * is how a quota is exceeded. Instead the leader
 * - asks the API server for its newest version, at a moment of its own. When the watch has come that far, whatever was created
 *   before that moment has been told of, however late the watch is;
 * - lets nothing lapse that it has not known itself for longer than a create can take, up to that moment.
 * The expiry that the replica wrote only says from when on a charge is looked at. A wrong clock thus moves the end of a charge by its
 * error, and never before the end of its create.
 */
import type { Clock } from '../../admission/endpoint.ts'
import type { Claim } from '../../quota/claim.ts'
import type { Gang } from '../../quota/gang.ts'
import { type Charge, charges, claims, type Ledger } from '../../quota/ledger.ts'
import { entries } from '../../quota/persistent-map.ts'

export interface HorizonDeps {
  /** The newest version of the pods there are, read after it was asked for. */
  readonly newest: () => Promise<bigint>
  /** As replicas reckon expiries. */
  readonly clock: Clock
  /** A clock that nobody sets, to measure how long something lasted. */
  readonly steady: Clock
  /** How long a create can take: longer than the API server's request timeout. */
  readonly createMs?: number
}

export interface Horizon {
  /** Asks how far the watch has to come. */
  ask(): Promise<void>
  /** Everything up to this version has been told. */
  reached(position: bigint): void
  /** For how long the watch has not come as far as was asked for. */
  awaitedForMs(): number
  /** Everything created before this moment has been told; 0 at first. */
  asOfMs(): number
  /** The charges of this ledger are there, and no others. */
  known(tree: string, ledger: Ledger): void
  /** Whether something in this ledger only waits for the watch to have come far enough. */
  isAwaited(tree: string, ledger: Ledger): boolean
  /** Whether the pod of a charge can no longer come. */
  mayLapse(tree: string, booked: Charge): boolean
}

/** The API server ends a create after 60 s (`--request-timeout`); what it has sent to its store by then may still take effect. */
export const CREATE_MS = 90_000

interface Moment {
  readonly atMs: number
  readonly steadyMs: number
}

interface Asked {
  readonly moment: Moment
  readonly position: bigint
}

// A watch that is so far behind is of no use; when it has come as far as this, there is room to ask again.
const MOST_ASKED = 100

interface FirstSight {
  /** A charge that was renewed is another: somebody means to create its pod still. */
  readonly booking: string
  readonly steadyMs: number
}

export function horizon({ newest, clock, steady, createMs = CREATE_MS }: HorizonDeps): Horizon {
  let told: Moment | undefined
  let asked: readonly Asked[] = []
  const sights = new Map<string, ReadonlyMap<string, FirstSight>>()

  /** Whether at that moment the charge had been known for longer than a create can take. */
  function isOldBy(steadyMs: number, tree: string, booked: Charge): boolean {
    const sight = sights.get(tree)?.get(booked.uid)
    return sight?.booking === bookingOf(booked) && sight.steadyMs + createMs <= steadyMs
  }

  return {
    async ask() {
      if (asked.length >= MOST_ASKED) return
      const moment = { atMs: clock.now(), steadyMs: steady.now() }
      const position = await newest()
      asked = [...asked, { moment, position }]
    },
    reached(position) {
      told = asked.findLast(one => one.position <= position)?.moment ?? told
      asked = asked.filter(one => one.position > position)
    },
    awaitedForMs() {
      const [first] = asked
      return first === undefined ? 0 : steady.now() - first.moment.steadyMs
    },
    asOfMs: () => told?.atMs ?? 0,
    known(tree, ledger) {
      const before = sights.get(tree)
      const now = steady.now()
      sights.set(tree, new Map(charges(ledger).map(one => [one.uid, firstSight(one, before?.get(one.uid), now)])))
    },
    isAwaited(tree, ledger) {
      const [now, steadyMs] = [clock.now(), steady.now()]
      const isDue = (one: Charge) => one.expiresAtMs <= now && isOldBy(steadyMs, tree, one)
      const isOver = ([, { heldUntilMs }]: readonly [string, Gang]) => heldUntilMs !== null && heldUntilMs <= now
      const isLapsed = ({ untilMs }: Claim) => untilMs <= now
      return charges(ledger).some(isDue) || entries(ledger.gangs).some(isOver) || claims(ledger).some(isLapsed)
    },
    mayLapse: (tree, booked) => told !== undefined && isOldBy(told.steadyMs, tree, booked),
  }
}

function firstSight(charge: Charge, before: FirstSight | undefined, steadyMs: number): FirstSight {
  const booking = bookingOf(charge)
  return before?.booking === booking ? before : { booking, steadyMs }
}

function bookingOf({ bookedBy, expiresAtMs }: Charge): string {
  return `${bookedBy} ${expiresAtMs}`
}
