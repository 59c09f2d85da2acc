/** Work that is done again and again, one round after the other, with time between them. */
import type { Clock, Log } from '../admission/endpoint.ts'
import type { Timer } from '../quota/waiter.ts'

export interface Rounds {
  /** The next round comes sooner: there is something new. */
  hasten(): void
  stop(): void
}

interface RoundsDeps {
  readonly clock: Clock
  readonly timer: Timer
  readonly log: Log
  readonly usualMs: number
  /** How soon after the last round the next one comes that was hastened. */
  readonly hastyMs?: number
  /** What it means when a round fails. */
  readonly problem: string
}

/** Starts the rounds. One that fails is told of, once until one succeeds again, and the next comes at its time. */
export function openRounds(round: () => Promise<void>, deps: RoundsDeps): Rounds {
  const { clock, timer, log, problem, usualMs, hastyMs = usualMs } = deps
  let lastMs = clock.now()
  let isRunning = false
  let isHasty = false
  let isStopped = false
  let isFailing = false
  let cancel = timer.at(lastMs + usualMs, () => void run())

  async function run(): Promise<void> {
    isRunning = true
    isHasty = false
    try {
      await round()
      isFailing = false
    } catch (cause) {
      if (!isFailing) log.problem(problem, cause)
      isFailing = true
    }
    isRunning = false
    lastMs = clock.now()
    schedule()
  }

  function schedule(): void {
    cancel()
    if (!isStopped) cancel = timer.at(lastMs + (isHasty ? hastyMs : usualMs), () => void run())
  }

  return {
    hasten() {
      if (isHasty) return
      isHasty = true
      if (!isRunning) schedule()
    },
    stop() {
      isStopped = true
      cancel()
    },
  }
}
