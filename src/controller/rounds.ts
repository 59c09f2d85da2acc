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
  /** What it means when a round fails. */
  readonly problem: string
}

const USUAL_MS = 1_000
const HASTY_MS = 250

/** Starts the rounds. One that fails is told of, once until one succeeds again, and the next comes at its time. */
export function openRounds(round: () => Promise<void>, { clock, timer, log, problem }: RoundsDeps): Rounds {
  let lastMs = clock.now()
  let isRunning = false
  let isHasty = false
  let isStopped = false
  let isFailing = false
  let cancel = timer.at(lastMs + USUAL_MS, () => void run())

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
    if (!isStopped) cancel = timer.at(lastMs + (isHasty ? HASTY_MS : USUAL_MS), () => void run())
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
