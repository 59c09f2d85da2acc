/** One caller waiting for the answer to one request. A promise keeps its first answer, so later ones are lost. */
import type { Request } from './decide.ts'
import type { Verdict } from './verdict.ts'

export interface Waiter {
  readonly request: Request
  /** A dry run: it is answered like any other and never booked. */
  readonly isPreview: boolean
  readonly deadlineMs: number
  readonly verdict: Promise<Verdict>
  isAnswered(): boolean
  answer(verdict: Verdict): void
}

/** Rings once, after `at` has returned and no earlier than the time, unless cancelled by the function it returns. */
export interface Timer {
  at(atMs: number, ring: () => void): () => void
}

export function waiter(
  request: Request,
  options: { readonly isPreview: boolean; readonly deadlineMs: number; readonly late: Verdict },
  timer: Timer,
): Waiter {
  const { promise, resolve } = Promise.withResolvers<Verdict>()
  let isAnswered = false
  const answer = (verdict: Verdict) => {
    isAnswered = true
    cancel()
    resolve(verdict)
  }
  const cancel = timer.at(options.deadlineMs, () => answer(options.late))
  const { isPreview, deadlineMs } = options
  return { request, isPreview, deadlineMs, verdict: promise, isAnswered: () => isAnswered, answer }
}
