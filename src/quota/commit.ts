/**
 * One commit: decides what has gathered, stores it by compare-and-swap, and answers.
 *
 * - Nobody is told `charged` before the write that books it has succeeded.
 * - What writes nothing, a denial above all, is answered on a version that was current after the request arrived: one
 *   that a write of the same batch succeeded on, or one read for this batch.
 * - Whoever has been answered is never decided again. After a conflict those are denied at once whom the version read
 *   for this batch refuses by itself. Those it would have let in had neighbours in the batch not come first are not yet
 *   denied: what the neighbours took was just lost.
 */
import { type Batch, type BatchTerms, decideBatch } from './batch.ts'
import { amend, type Change } from './change.ts'
import { decide, type Stamp } from './decide.ts'
import { type Charge, chargeOf } from './ledger.ts'
import { type Busy, verdictOf } from './verdict.ts'
import type { Ground, Versions } from './versions.ts'
import type { Waiter } from './waiter.ts'

interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
}

export interface CommitDeps {
  /** Tells this writer from every other, former lives of this replica included. */
  readonly id: string
  readonly clock: Clock
  /** How long a charge lasts whose pod is not seen: longer than the API server's request timeout. */
  readonly pendingMs: number
  /** How long the members of a gang are waited for. */
  readonly gangHoldMs: number
  /** The most charges, gangs and claims that a ledger may hold beside what is counted: what one stored object has room for. */
  readonly maxCharges: number
  /** The hint given to those who are told `busy`. */
  readonly retryAfterMs: number
}

export interface Work {
  readonly changes: readonly Change[]
  readonly waiters: readonly Waiter[]
}

/** What a commit leaves behind. */
export interface Committed {
  /** Charges that are or may be stored although their callers were told `busy`. */
  readonly abandoned: readonly Charge[]
  /** How often another writer was faster. */
  readonly conflicts: number
  /** How long the write took that was stored; 0 when nothing was. */
  readonly writeMs: number
  /** Set when the store failed; then nothing says whether the last write happened. */
  readonly failure?: Error
}

// Every conflict means that somebody else got on, so this many in a row is a broken store and not contention.
const MOST_CONFLICTS = 100

export async function commit(work: Work, versions: Versions, deps: CommitDeps): Promise<Committed> {
  let inDoubt: Batch | undefined
  let conflicts = 0
  try {
    let ground = versions.known() ?? (await versions.read())
    while (conflicts < MOST_CONFLICTS) {
      const open = stillOpen(work.waiters, deps)
      const batch = decideBatch(ground.book, work.changes, open, termsNow(deps))
      const writesNothing = batch.book.ledger === ground.book.ledger
      if (writesNothing && ground.isFresh) return { abandoned: settle(batch, deps), conflicts, writeMs: 0 }

      if (!writesNothing) {
        inDoubt = batch
        const startedMs = deps.clock.now()
        if ((await versions.replace(ground, batch.book)) === 'stored') {
          return { abandoned: settle(batch, deps), conflicts, writeMs: deps.clock.now() - startedMs }
        }
        inDoubt = undefined
        conflicts += 1
        if (ground.isFresh) denyForGood(ground, work.changes, batch, deps)
      }
      ground = await nextGround(ground, writesNothing, versions)
    }
    throw new Error(`${MOST_CONFLICTS} conflicts in a row`)
  } catch (cause) {
    for (const waiter of work.waiters) waiter.answer(busy('store', deps, cause))
    return {
      abandoned: inDoubt === undefined ? [] : newCharges(inDoubt),
      conflicts,
      writeMs: 0,
      failure: new Error('the ledger store failed', { cause }),
    }
  }
}

/**
 * After a conflict a later version that was heard of is as good as one that is read: the next write fails if it is out of date. What
 * writes nothing needs one that was current.
 */
async function nextGround(ground: Ground, writesNothing: boolean, versions: Versions): Promise<Ground> {
  const heard = writesNothing ? undefined : versions.known()
  return heard === undefined || heard.stored.version === ground.stored.version ? versions.read() : heard
}

export function busy(
  because: Busy['because'],
  { retryAfterMs }: Pick<CommitDeps, 'retryAfterMs'>,
  cause?: unknown,
): Busy {
  return { kind: 'busy', because, retryAfterMs, ...(cause === undefined ? {} : { cause }) }
}

/** Those still waiting. Whoever is late is told so here if the timer has not done it yet. */
function stillOpen(waiters: readonly Waiter[], deps: CommitDeps): readonly Waiter[] {
  const now = deps.clock.now()
  for (const waiter of waiters) if (now >= waiter.deadlineMs) waiter.answer(busy('deadline', deps))
  return waiters.filter(waiter => !waiter.isAnswered())
}

function stampNow({ id, clock, pendingMs, gangHoldMs }: CommitDeps): Stamp {
  const now = clock.now()
  return { bookedBy: id, expiresAtMs: now + pendingMs, holdUntilMs: now + gangHoldMs }
}

function termsNow(deps: CommitDeps): BatchTerms {
  return { stamp: stampNow(deps), maxCharges: deps.maxCharges, full: busy('full', deps) }
}

/** Answers whoever still waits, and returns the charges nobody was told of. */
function settle(batch: Batch, deps: CommitDeps): readonly Charge[] {
  const { answers } = batch
  const open = new Set(
    stillOpen(
      answers.map(({ waiter }) => waiter),
      deps,
    ),
  )
  // Two callers may ask about one pod; the charge stays if either was told of it.
  const told = new Set<string>()
  for (const { waiter, verdict } of answers.filter(one => open.has(one.waiter))) {
    try {
      waiter.answer(verdict())
      told.add(waiter.request.uid)
    } catch (cause) {
      // A verdict that cannot be worded is a bug of ours, and no reason to leave the others of the batch without theirs.
      waiter.answer(busy('store', deps, cause))
    }
  }
  return newCharges(batch).filter(charge => !told.has(charge.uid))
}

function denyForGood(ground: Ground, changes: readonly Change[], { answers }: Batch, deps: CommitDeps): void {
  const amended = changes.reduce(amend, ground.book)
  const stamp = stampNow(deps)
  for (const { waiter, outcome } of answers) {
    if (outcome.kind !== 'refused') continue
    // The changes are lost as well, and a recount among them may have added what nobody has stored.
    const alone = decide(ground.book, waiter.request, stamp).outcome
    const isInVain = decide(amended, waiter.request, stamp).outcome.kind === 'refused'
    if (alone.kind === 'refused' && isInVain) waiter.answer(verdictOf(alone, waiter.request, ground.book))
  }
}

/** The charges a batch adds, as they stand in its book: a second caller may have renewed one. */
function newCharges({ answers, book }: Batch): readonly Charge[] {
  return answers.flatMap(({ isBooked, waiter }) => {
    const charge = isBooked ? chargeOf(book.ledger, waiter.request.uid) : undefined
    return charge === undefined ? [] : [charge]
  })
}
