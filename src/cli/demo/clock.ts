/** A clock that stands still, so that nobody has to wait for what it shows, until it is let run. */
import type { Clock } from '../../admission/endpoint.ts'

export interface DemoClock extends Clock {
  advance(byMs: number): void
  /** From here on it goes as any clock does. */
  run(): void
}

export function demoClock(startMs: number, steady: Clock): DemoClock {
  let stoppedAtMs = startMs
  let runningSinceMs: number | undefined

  return {
    now: () => stoppedAtMs + (runningSinceMs === undefined ? 0 : steady.now() - runningSinceMs),
    advance(byMs) {
      stoppedAtMs += byMs
    },
    run() {
      runningSinceMs ??= steady.now()
    },
  }
}
