/**
 * Wakes the owners of refused pods when there is room for them: without it a controller tries again at the end of a back-off that
 * grows to 1,000 s (src/decisions/waking.md).
 *
 * Once a second, and sooner when a ledger has a newer version, it is decided again who would fit. Nobody is woken on a book that was not
 * read for it, nor sooner than its own interval allows, nor faster than controllers create pods.
 */
import type { Clock, Log } from '../../admission/endpoint.ts'
import type { Book } from '../../quota/book.ts'
import type { Quotas } from '../../quota/tiers.ts'
import type { Timer } from '../../quota/waiter.ts'
import type { LedgerWriter } from '../../quota/writer.ts'
import type { ApiServer } from '../api-server.ts'
import { openRounds } from '../rounds.ts'
import type { RefusedOwner, RefusedOwners } from './refused.ts'
import { tokenBucket } from './token-bucket.ts'
import type { Touched } from './touch.ts'
import { wakePlan } from './wake-plan.ts'
import { waker } from './waker.ts'

/** Who counts what became of waking owners. */
interface WakeObserver {
  touched(result: Touched['kind']): void
}

export interface WakeDeps {
  readonly refused: RefusedOwners
  readonly quotas: () => Pick<Quotas, 'treeOfTenant'>
  readonly ledger: Pick<LedgerWriter, 'book' | 'refresh'>
  readonly api: ApiServer
  readonly clock: Clock
  readonly timer: Timer
  readonly observer: WakeObserver
  readonly log: Log
}

export interface Waking {
  /** A ledger has a newer version, which its book shows or soon will. Any number of them is one check, a moment later. */
  newer(): void
  /** Looks at once. Done when those chosen have been called; rejects when a ledger cannot be read. */
  check(): Promise<void>
  stop(): void
}

const CHECK_MS = 1_000
/** How soon after the last check a newer version is looked at. */
const SOON_MS = 250
/** A tree in which somebody waits is read after this long, in case nobody tells of newer versions. */
const REREAD_MS = 10_000
// kube-controller-manager makes 20 calls a second unless told otherwise; to wake more owners is to have them wait there.
const WOKEN_PER_SECOND = 20
/** For how many of those who fit it is worked out: those of the next seconds. */
const MOST_PLANNED = 3 * WOKEN_PER_SECOND

/** Starts waking. */
export function wakeRefused(deps: WakeDeps): Waking {
  const { refused, ledger, clock } = deps
  const wake = waker(deps)
  const budget = tokenBucket(WOKEN_PER_SECOND, clock)
  const readAtMs = new Map<string, number>()
  let running: Promise<void> | undefined

  // One at a time: two would choose the same owners.
  function check(): Promise<void> {
    running ??= round().finally(() => {
      running = undefined
    })
    return running
  }

  async function round(): Promise<void> {
    refused.expire()
    for (const tree of treesOf(refused, deps.quotas())) {
      const planned = await planFor(tree)
      const chosen = planned.slice(0, budget.take(planned.length))
      await Promise.all(chosen.map(wake))
    }
  }

  async function planFor(tree: string): Promise<readonly RefusedOwner[]> {
    const known = isStale(tree) ? undefined : ledger.book(tree)
    if (known !== undefined && plan(tree, known).length === 0) return []
    // What was seen last may be behind what others have charged since.
    const book = await ledger.refresh(tree)
    readAtMs.set(tree, clock.now())
    return plan(tree, book)
  }

  function isStale(tree: string): boolean {
    return clock.now() - (readAtMs.get(tree) ?? Number.NEGATIVE_INFINITY) >= REREAD_MS
  }

  /** Who would fit, with the moment since when. */
  function plan(tree: string, book: Book): readonly RefusedOwner[] {
    const nowMs = clock.now()
    const owners = ownersIn(tree, refused, deps.quotas())
    const planned = wakePlan(book, owners, { nowMs, most: MOST_PLANNED })
    const fitting = new Set(planned)
    for (const owner of owners.flat()) {
      if (owner.fitsSinceMs !== undefined && owner.stage.kind === 'waiting' && !fitting.has(owner)) {
        refused.update(owner, { fitsSinceMs: undefined })
      }
    }
    return planned.flatMap(owner =>
      owner.fitsSinceMs === undefined ? (refused.update(owner, { fitsSinceMs: nowMs }) ?? []) : [owner],
    )
  }

  const rounds = openRounds(check, {
    ...deps,
    usualMs: CHECK_MS,
    hastyMs: SOON_MS,
    problem: 'refused owners cannot be woken',
  })
  return {
    newer() {
      if (refused.size() > 0) rounds.hasten()
    },
    check,
    stop: rounds.stop,
  }
}

type Homes = Pick<Quotas, 'treeOfTenant'>

/** The trees in which somebody waits. A tenant that was removed since has none. */
function treesOf(refused: RefusedOwners, { treeOfTenant }: Homes): ReadonlySet<string> {
  return new Set([...refused.byTenant().keys()].flatMap(tenant => treeOfTenant.get(tenant)?.name ?? []))
}

function ownersIn(tree: string, refused: RefusedOwners, { treeOfTenant }: Homes): readonly (readonly RefusedOwner[])[] {
  return [...refused.byTenant()]
    .filter(([tenant]) => treeOfTenant.get(tenant)?.name === tree)
    .map(([, owners]) => owners)
}
