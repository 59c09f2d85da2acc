/** Rings when nothing was heard for long. */
import type { Timer } from '../quota/waiter.ts'

export interface Ear {
  heard(): void
  stop(): void
}

export interface Time {
  /** Milliseconds on a clock that only goes forward; the timer goes by the same. */
  readonly clock: { now(): number }
  readonly timer: Timer
}

/** Hearing is a note of the time and sets no timer: a busy watch hears thousands of events a second. */
export function listenFor({ clock, timer }: Time, silenceMs: number, isSilent: () => void): Ear {
  let heardMs = clock.now()
  let cancel = () => {}

  function arm(): void {
    cancel = timer.at(heardMs + silenceMs, () => {
      if (clock.now() >= heardMs + silenceMs) isSilent()
      else arm()
    })
  }

  arm()
  return {
    heard() {
      heardMs = clock.now()
    },
    stop: () => cancel(),
  }
}
