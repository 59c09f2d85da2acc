/** The clocks and timers of a process. */
import type { Clock } from '../admission/endpoint.ts'
import type { Timer } from '../quota/waiter.ts'

/** The calendar: what is written down for others goes by it. Somebody may set it. */
export const SYSTEM_CLOCK: Clock = { now: () => Date.now() }

/** Only goes forward, and means nothing to anybody else. */
export const STEADY_CLOCK: Clock = { now: () => performance.now() }

// setTimeout counts in 32 bits; what is further away is never waited for.
const FARTHEST_MS = 2 ** 31 - 1

export function timerOn(clock: Clock): Timer {
  return {
    at(atMs, ring) {
      const inMs = Math.max(0, atMs - clock.now())
      if (inMs > FARTHEST_MS) return () => {}
      const timeout = setTimeout(ring, inMs)
      return () => clearTimeout(timeout)
    },
  }
}

/** The time by which a process decides, and what wakes it. */
export interface ProcessTime {
  readonly clock: Clock
  readonly timer: Timer
}

export const SYSTEM_TIME: ProcessTime = { clock: SYSTEM_CLOCK, timer: timerOn(SYSTEM_CLOCK) }

// A pod can still appear 60 s after our answer, when the API server's own request ends; the rest is for its watch to be late.
export const PENDING_MS = 5 * 60_000
// Controllers of large gangs create thousands of pods, some of which are refused at first and tried again after a minute.
export const GANG_HOLD_MS = 5 * 60_000
/** The hint to those who are told to come back. */
export const RETRY_AFTER_MS = 1_000
