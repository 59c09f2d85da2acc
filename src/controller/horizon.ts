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
import type { Clock } from '../admission/endpoint.ts'
import type { Charge } from '../quota/ledger.ts'

export interface HorizonDeps {
  /** The newest version of the pods there are, read after it was asked for. */
  readonly newest: () => Promise<bigint>
  /** As replicas reckon expiries. */
  readonly clock: Clock
  /** A clock that nobody sets, to measure how long something lasted. */
  readonly steady: Clock
}

export interface Horizon {
  /** Asks how far the watch has to come. */
  ask(): Promise<void>
  /** Everything up to this version has been told. */
  reached(position: bigint): void
  /** Everything created before this moment has been told; 0 at first. */
  asOfMs(): number
  /** These charges of a tree are there, and no others. */
  known(tree: string, charges: Iterable<Charge>): void
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

export function horizon({ newest, clock, steady }: HorizonDeps): Horizon {
  let told: Moment | undefined
  let asked: readonly Asked[] = []
  const sights = new Map<string, ReadonlyMap<string, FirstSight>>()

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
    asOfMs: () => told?.atMs ?? 0,
    known(tree, charges) {
      const before = sights.get(tree)
      const now = steady.now()
      sights.set(
        tree,
        new Map(Iterator.from(charges).map(one => [one.uid, firstSight(one, before?.get(one.uid), now)])),
      )
    },
    mayLapse(tree, booked) {
      const sight = sights.get(tree)?.get(booked.uid)
      if (told === undefined || sight?.booking !== bookingOf(booked)) return false
      return sight.steadyMs + CREATE_MS <= told.steadyMs
    },
  }
}

function firstSight(charge: Charge, before: FirstSight | undefined, steadyMs: number): FirstSight {
  const booking = bookingOf(charge)
  return before?.booking === booking ? before : { booking, steadyMs }
}

function bookingOf({ bookedBy, expiresAtMs }: Charge): string {
  return `${bookedBy} ${expiresAtMs}`
}
