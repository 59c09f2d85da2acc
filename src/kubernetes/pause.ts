/** How long to wait before asking again. */
import type { Time } from './silence.ts'

export interface Pause {
  /** Longer each time, until `reset`; at least as long as the API server asked for. */
  growing(atLeastMs?: number): Promise<void>
  of(ms: number): Promise<void>
  reset(): void
}

export interface PauseDeps extends Time {
  readonly random: () => number
  /** Ends every pause. */
  readonly stopped: AbortSignal
}

const [FIRST_MS, LONGEST_MS] = [250, 30_000]

export function pauseOf({ clock, timer, random, stopped }: PauseDeps): Pause {
  let nextMs = FIRST_MS

  async function of(ms: number): Promise<void> {
    if (stopped.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = () => resolve()
    const cancel = timer.at(clock.now() + ms, end)
    stopped.addEventListener('abort', end, { once: true })
    await promise
    stopped.removeEventListener('abort', end)
    cancel()
  }

  return {
    of,
    growing(atLeastMs = 0) {
      const ms = nextMs
      nextMs = Math.min(2 * nextMs, LONGEST_MS)
      // Half of it at random: what fails for all replicas at once must not come back at once.
      return of(Math.max(atLeastMs, ms / 2 + (random() * ms) / 2))
    },
    reset() {
      nextMs = FIRST_MS
    },
  }
}
