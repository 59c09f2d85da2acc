/**
 * The leader counts: it follows the pods, and every few seconds moves what it has seen from charges to the base of each ledger
 * (src/decisions/counting.md). A replica that only believes to lead can do no harm: its recount is a compare-and-swap, and one that is
 * behind changes nothing.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Cluster } from '../../admission/cluster.ts'
import type { Clock, Log } from '../../admission/endpoint.ts'
import type { ExemptNamespaces } from '../../admission/exempt.ts'
import type { ClassTable } from '../../gpu/class-table.ts'
import type { Amount } from '../../quantity/amount.ts'
import type { Book } from '../../quota/book.ts'
import { changesNothing, driftOf } from '../../quota/recount.ts'
import type { Timer } from '../../quota/waiter.ts'
import type { LedgerWriter } from '../../quota/writer.ts'
import type { ApiServer, Follow, Following } from '../api-server.ts'
import { openRounds } from '../rounds.ts'
import { CREATE_MS, horizon } from './horizon.ts'
import { type PodCount, podCount } from './pod-count.ts'
import { podReader } from './pod-facts.ts'
import { newestPodVersion, presentPods } from './pods.ts'
import type { CountedPod } from './tree-count.ts'

export interface CountingDeps {
  readonly cluster: () => Cluster
  readonly exempt: ExemptNamespaces
  readonly follow: Follow
  readonly api: ApiServer
  readonly writer: Pick<LedgerWriter, 'amend' | 'book' | 'refresh'>
  /** The trees that have a QuotaLedger, also those that no cohort defines any more. */
  readonly ledgers: () => Iterable<string>
  readonly clock: Clock
  /** A clock that nobody sets, in milliseconds. */
  readonly steady: Clock
  readonly timer: Timer
  readonly observer: CountingObserver
  readonly log: Log
  readonly intervalMs?: number
  /** How long a create can take: longer than the API server's request timeout, at most as long as a charge lasts. */
  readonly createMs?: number
}

/** Who measures the recounts. */
export interface CountingObserver {
  /** How far the count of a tree is from what its charges and departures explain. */
  drift(tree: string, milliGpus: Amount): void
  /** Charges of a tree that nobody had counted before this recount. */
  pending(tree: string, charges: number): void
  /** All trees have been recounted, or have failed to be. */
  recounted(durationMs: number): void
}

export interface Counting {
  /** A tree as it was counted last: undefined where that did not succeed, or where a recount is on its way. */
  counted(tree: string): CountedTree | undefined
  /** One of the pods that have been counted. */
  pod(uid: string): CountedPod | undefined
  /** The next recount comes sooner. */
  hasten(): void
  /** Why what is counted may be out of date; undefined while it is not. */
  problem(): string | undefined
  /** Nothing is written from now on, but for what is on its way. */
  stop(): void
}

/** The pods of a tree, and its book, in whose base exactly these pods are. */
export interface CountedTree {
  readonly book: Book
  readonly pods: Iterable<CountedPod>
  /** The version up to which pods have been told of. */
  readonly position: bigint
}

const INTERVAL_MS = 5_000
/** How soon after the last recount one comes that somebody waits for. */
const HASTY_MS = 1_000

/** What is followed and counted by one table of classes. */
interface Session {
  readonly classes: ClassTable
  readonly count: PodCount
  /** Follows the pods, and begins with a list of all. */
  readonly follow: () => Following
}

/**
 * While no pod of the cluster changes, a watch is at the version of the last change: its bookmarks repeat that, or do not come at all
 * (seen on Kubernetes 1.36 with etcd 3.5). Then only another list tells that nothing came.
 */
const QUIET_MS = 60_000

/** Counts for as long as this replica leads. */
export function startCounting(deps: CountingDeps): Counting {
  const { cluster, writer, clock, steady, timer, observer, log, intervalMs = INTERVAL_MS, createMs = CREATE_MS } = deps
  const newest = () => newestPodVersion(deps.api)
  const until = horizon({ newest, clock, steady, createMs })
  let session = begin(deps)
  let following = session.follow()
  let followingSinceMs = steady.now()
  let isStopped = false
  /** By tree, at which version the base is that has the pods as they are known now. */
  const settled = new Map<string, bigint>()
  const rounds = openRounds(recountAll, {
    clock,
    timer,
    log,
    usualMs: intervalMs,
    hastyMs: Math.min(intervalMs, HASTY_MS),
    problem: 'nothing could be recounted',
  })

  async function recountAll(): Promise<void> {
    const startedMs = steady.now()
    renewSession()
    const { count } = session
    if (!count.isListed()) return
    const { quotas } = cluster()
    settled.clear()
    count.take(quotas)
    until.reached(count.toldUpTo())
    if (until.awaitedForMs() >= QUIET_MS && steady.now() - followingSinceMs >= QUIET_MS) followAnew()
    const trees = new Set([...quotas.trees.keys(), ...deps.ledgers(), ...count.trees()])
    await Promise.all([...trees].map(tree => attempt(`the recount of ${tree}`, () => recountTree(tree, count), tree)))
    if (isStopped) return
    observer.recounted(steady.now() - startedMs)
    if ([...trees].some(isAwaited)) await attempt('asking for the newest version of pods', () => until.ask())
  }

  function isAwaited(tree: string): boolean {
    const ledger = writer.book(tree)?.ledger
    return ledger !== undefined && until.isAwaited(tree, ledger)
  }

  /** What a pod holds is told by the classes, and of pods that held nothing nothing is kept: so other classes are another beginning. */
  function renewSession(): void {
    const { classes } = cluster()
    if (classes === session.classes || isDeepStrictEqual(classes, session.classes)) return
    session = begin(deps)
    followAnew()
  }

  function followAnew(): void {
    following.stop()
    following = session.follow()
    followingSinceMs = steady.now()
  }

  async function recountTree(tree: string, count: PodCount): Promise<void> {
    const book = await writer.refresh(tree)
    if (isStopped || count !== session.count) return
    const { ledger } = book
    until.known(tree, ledger)
    const view = await count.view(tree, book, until.asOfMs())
    if (isStopped) return
    report(tree, book, driftOf(ledger, view))
    const isBehind = view.position < ledger.base.position
    // Its first recount a leader writes in any case: from then on one that does not know of it is behind.
    const isDone = view.gone.since !== null && changesNothing(ledger, view)
    if (isDone && !isBehind) settled.set(tree, ledger.base.position)
    if (isBehind || isDone) return
    await writer.amend(tree, [{ kind: 'recount', view: { ...view, mayLapse: booked => until.mayLapse(tree, booked) } }])
    if (writer.book(tree)?.ledger.base.position !== view.position) return
    count.stored(tree, view)
    settled.set(tree, view.position)
  }

  function report(tree: string, { ledger }: Book, drift: Amount | null): void {
    if (drift !== null) observer.drift(tree, drift)
    observer.pending(tree, ledger.charges.size)
  }

  async function attempt(what: string, act: () => Promise<void>, tree?: string): Promise<void> {
    try {
      await act()
    } catch (cause) {
      // It is tried again in a moment; until then charges stay beside the base, which is safe.
      if (!isStopped) log.problem(`${what} failed`, cause, tree === undefined ? {} : { tree })
    }
  }

  return {
    counted(tree) {
      const book = writer.book(tree)
      const position = settled.get(tree)
      if (book === undefined || book.ledger.base.position !== position) return undefined
      return { book, pods: session.count.pods(tree), position: session.count.takenUpTo() }
    },
    pod: uid => session.count.pod(uid),
    hasten: () => rounds.hasten(),
    problem: () => following.problem(),
    stop() {
      isStopped = true
      rounds.stop()
      following.stop()
    },
  }
}

// Tenants write what cannot be read, as often as they like.
const MOST_COMPLAINTS = 100

function begin({ cluster, exempt, follow, log }: CountingDeps): Session {
  const complained = new Set<string>()
  const count = podCount()
  const keep = podReader({
    cluster,
    exempt,
    unclear({ uid, namespace, name }, reason) {
      if (complained.has(uid) || complained.size >= MOST_COMPLAINTS) return
      complained.add(uid)
      log.problem('a pod is not counted', undefined, { namespace, object: `Pod ${name}`, reason })
    },
  })
  const { classes } = cluster()
  return { classes, count, follow: () => follow(presentPods(keep, count.audience)) }
}
