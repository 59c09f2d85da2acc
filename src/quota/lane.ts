/**
 * Group commit for one tree: while one write is in flight everything else gathers and goes with the next one, so N pods
 * cost about one write.
 *
 * Where several replicas write one ledger, whoever has just written knows the newest version and would win again and again. So
 * a replica that has written while there are conflicts lets the others have a turn, for about the time of two writes. That
 * halves the longest waits and costs some rate, though what comes meanwhile goes with its next write. Backing off at random after
 * a conflict does the opposite: it lengthens the wait of those who lost (src/decisions/ledger.md). One that has met no conflict for
 * long still yields now and then: it may be the one that is always faster, while nobody else gets on.
 *
 * A caller whose deadline passes is told `busy` on time, wherever its request stands. If a write that books it is in
 * flight then, its charge is withdrawn by the next write, and the same goes for a write that failed without saying
 * whether it happened. Should this process end before that, or the store stay away, the charge lapses by itself: its pod
 * was never created, so nobody ever counts it.
 */
import type { Book } from './book.ts'
import type { Change } from './change.ts'
import { busy, type CommitDeps, type Committed, commit } from './commit.ts'
import type { Request } from './decide.ts'
import type { Verdict } from './verdict.ts'
import type { Versions } from './versions.ts'
import { type Timer, type Waiter, waiter } from './waiter.ts'

export interface LaneDeps extends CommitDeps {
  readonly timer: Timer
  /** How many of its own write times a writer waits after a write while there are conflicts; the bench compares them. */
  readonly yieldedWrites?: number
}

export interface Lane {
  /** The book as of the last version seen, which may be behind; undefined before the first. */
  book(): Book | undefined
  ask(request: Request, options: { readonly isPreview: boolean; readonly deadlineMs: number }): Promise<Verdict>
  /** Ends when the changes are stored, or rejects. Without any it makes sure of the newest version. */
  amend(changes: readonly Change[]): Promise<void>
}

// Measured with three replicas on one object (src/decisions/ledger.md).
const YIELDED_WRITES = 2
/**
 * A turn is never longer. Whoever waits has ten seconds in all, of which a slow store takes its part twice already; and a clock that
 * somebody sets while a write is under way makes it look as long as it was set.
 */
const LONGEST_TURN_MS = 1_000
/** How many commits without a conflict it takes to believe that nobody else is writing. */
const CONTENDED_COMMITS = 8
/** After how many more it makes sure: whoever always wins meets no conflict, however many it causes. */
const PROBED_COMMITS = 16

interface Amendment {
  readonly changes: readonly Change[]
  readonly stored: () => void
  readonly failed: (cause: Error) => void
}

function yieldsAfter(commitsSinceConflict: number): boolean {
  return commitsSinceConflict < CONTENDED_COMMITS || commitsSinceConflict % PROBED_COMMITS === 0
}

export function openLane(versions: Versions, deps: LaneDeps): Lane {
  const { yieldedWrites = YIELDED_WRITES } = deps
  let waiters: Waiter[] = []
  let amendments: Amendment[] = []
  let withdrawals: readonly Change[] = []
  let isRunning = false
  // Alone until the first conflict, and soon to make sure.
  let commitsSinceConflict = CONTENDED_COMMITS

  async function run(): Promise<void> {
    let storeAnswers = true
    // While the store is away, withdrawals alone are no reason to try again at once: they go with the next request.
    while (waiters.length + amendments.length > 0 || (storeAnswers && withdrawals.length > 0)) {
      const { failure, conflicts, writeMs } = await commitOnce()
      storeAnswers = failure === undefined
      commitsSinceConflict = conflicts > 0 ? 0 : commitsSinceConflict + 1
      if (writeMs > 0 && yieldsAfter(commitsSinceConflict))
        await pause(Math.min(yieldedWrites * writeMs, LONGEST_TURN_MS))
    }
    isRunning = false
  }

  function pause(ms: number): Promise<void> {
    return new Promise(resolve => deps.timer.at(deps.clock.now() + ms, resolve))
  }

  async function commitOnce(): Promise<Committed> {
    const taken = { waiters, amendments, withdrawals }
    waiters = []
    amendments = []
    withdrawals = []

    const changes = [...taken.withdrawals, ...taken.amendments.flatMap(amendment => amendment.changes)]
    const committed = await commit({ changes, waiters: taken.waiters }, versions, deps)
    const { abandoned, failure } = committed
    const kept = failure === undefined ? [] : taken.withdrawals
    withdrawals = [...kept, ...abandoned.map((charge): Change => ({ kind: 'withdraw', charge }))]
    for (const { stored, failed } of taken.amendments) {
      if (failure === undefined) stored()
      else failed(failure)
    }
    return committed
  }

  function start(): void {
    if (isRunning) return
    isRunning = true
    // One turn later, so that everything asked in this turn shares the first write.
    queueMicrotask(() => void run())
  }

  return {
    book: () => versions.known()?.book,
    ask(request, options) {
      const asked = waiter(request, { ...options, late: busy('deadline', deps) }, deps.timer)
      waiters.push(asked)
      start()
      return asked.verdict
    },
    amend(changes) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      amendments.push({ changes, stored: resolve, failed: reject })
      start()
      return promise
    },
  }
}
