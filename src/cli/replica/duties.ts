/** What only the leader does, begun and ended as leadership comes and goes. */
import type { Log } from '../../admission/endpoint.ts'

/** Begins, and gives the way to end. */
export type Duty = () => () => void

export interface Duties {
  gained(): void
  lost(): void
}

/**
 * Each duty begins when this replica leads and what the duty waits for has come, in whatever order. One that fails to begin is told,
 * and the others go on.
 */
export function duties(all: readonly { readonly begin: Duty; readonly after: Promise<unknown> }[], log: Log): Duties {
  let term = 0
  let endings: (() => void)[] = []

  async function begin({ begin: start, after }: (typeof all)[number], during: number): Promise<void> {
    try {
      await after
      if (during === term) endings.push(start())
    } catch (cause) {
      log.problem('a duty of the leader could not begin', cause)
    }
  }

  const end = (): void => {
    term += 1
    for (const ending of endings) ending()
    endings = []
  }

  return {
    gained() {
      end()
      for (const duty of all) void begin(duty, term)
    },
    lost: end,
  }
}

/** Repeats work for as long as it is not ended, with a pause after each time. What it rejects with is told. */
export function repeat(work: () => Promise<void>, everyMs: number, problem: string, log: Log): () => void {
  let isOver = false
  let timeout: NodeJS.Timeout | undefined
  async function round(): Promise<void> {
    try {
      await work()
    } catch (cause) {
      log.problem(problem, cause)
    }
    if (!isOver) timeout = setTimeout(() => void round(), everyMs)
  }
  void round()
  return () => {
    isOver = true
    clearTimeout(timeout)
  }
}
