/** Decides what has gathered while a write was in flight: one book in, one book out, one answer for each. */
import type { Book } from './book.ts'
import { amend, type Change } from './change.ts'
import { decide, type Outcome, type Stamp } from './decide.ts'
import { type Busy, type Verdict, verdictOf } from './verdict.ts'
import type { Waiter } from './waiter.ts'

export interface Batch {
  /** The book that has to be stored before anyone is answered. */
  readonly book: Book
  readonly answers: readonly Answer[]
}

/** What a batch is decided by, besides the book. */
export interface BatchTerms {
  readonly stamp: Stamp
  /** The most charges the ledger may hold, and what those are told who would make it hold more. */
  readonly maxCharges: number
  readonly full: Busy
}

interface Answer {
  readonly waiter: Waiter
  readonly outcome: Outcome | Busy
  /** Whether this answer adds a charge to the book. */
  readonly isBooked: boolean
  /** Worded when it is given: most of a batch that meets a conflict is decided again. */
  readonly verdict: () => Verdict
}

/**
 * Changes come first, then the requests in the order they arrived, each against the running result. From the first
 * request on use only grows, so a pod that was refused on the way is still refused by the book at the end, and that one book words
 * the verdicts: what explains them is worked out once.
 */
export function decideBatch(
  book: Book,
  changes: readonly Change[],
  waiters: readonly Waiter[],
  { stamp, maxCharges, full }: BatchTerms,
): Batch {
  let running = changes.reduce(amend, book)
  const answers = waiters.map((waiter): Answer => {
    const { request, isPreview } = waiter
    const { outcome, book: after } = decide(running, request, stamp)
    if (entriesOf(after) > Math.max(maxCharges, entriesOf(running))) {
      return { waiter, outcome: full, isBooked: false, verdict: () => full }
    }
    if (!isPreview) running = after
    // A previewed charge stands in no book but its own. A gang that was refused may need less by the end of the batch, when
    // another of its members has been admitted.
    const hasOwnBook = outcome.kind === 'charged' ? isPreview : request.gang !== undefined
    const verdict = () => verdictOf(outcome, request, hasOwnBook ? after : running)
    const isBooked = !isPreview && outcome.kind === 'charged' && outcome.former === null
    return { waiter, outcome, isBooked, verdict }
  })
  return { book: running, answers }
}

/** What the object that stores a ledger has to find room for, besides the base. */
function entriesOf({ ledger }: Book): number {
  return ledger.charges.size + ledger.gangs.size + ledger.claims.size
}
