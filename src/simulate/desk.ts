/**
 * Admission and counting: the books of all trees, decided on as a replica decides, and counted as the leader counts. Whoever asks is
 * judged by a count of everybody who has gone by then, which a real leader makes within a second.
 */
import { type Book, openBook } from '../quota/book.ts'
import { amend, type Change } from '../quota/change.ts'
import { type Decided, decide, type Request, type Stamp } from '../quota/decide.ts'
import { EMPTY_LEDGER } from '../quota/ledger.ts'
import { type PodTally, podTally, type SeenPod } from '../quota/tally.ts'
import type { Quotas } from '../quota/tiers.ts'

export interface Desk {
  readonly trees: readonly string[]
  treeOf(tenant: string): string
  book(tree: string, nowMs: number): Book
  /** Charges the request if it fits. */
  ask(request: Request, nowMs: number): Decided['outcome']
  /** A pod is there, or has become another. */
  seen(pod: SeenPod): void
  gone(pod: Pick<SeenPod, 'uid' | 'tenant'>): void
  amend(tree: string, change: Change, nowMs: number): void
  /** Counts those who came as well, and ends claims whose time is up. */
  count(tree: string, nowMs: number): void
}

interface Tree {
  readonly tally: PodTally
  book: Book
  position: bigint
  /** Somebody has gone who is still in the book. Who came is in it, counted or not. */
  isBehind: boolean
}

// Counted in the same moment, a charge never waits for its pod.
const PENDING_MS = 60_000

export function openDesk(quotas: Quotas): Desk {
  const trees = new Map(
    [...quotas.trees.values()].map((quota): [string, Tree] => {
      return [quota.name, { tally: podTally(), book: openBook(quota, EMPTY_LEDGER), position: 0n, isBehind: false }]
    }),
  )

  function treeNamed(name: string): Tree {
    const tree = trees.get(name)
    if (tree === undefined) throw new Error(`there is no tree ${name}`)
    return tree
  }

  function treeOf(tenant: string): string {
    const quota = quotas.treeOfTenant.get(tenant)
    if (quota === undefined) throw new Error(`${tenant} is in no tree`)
    return quota.name
  }

  function count(tree: Tree, nowMs: number): void {
    const view = tree.tally.view(nowMs)
    tree.book = amend(tree.book, { kind: 'recount', view })
    tree.tally.stored(view)
    tree.isBehind = false
  }

  /** The tree with a book in which nobody is who has gone. */
  function upToDate(name: string, nowMs: number): Tree {
    const tree = treeNamed(name)
    if (tree.isBehind) count(tree, nowMs)
    return tree
  }

  return {
    trees: [...trees.keys()].toSorted(),
    treeOf,
    book: (name, nowMs) => upToDate(name, nowMs).book,
    ask(request, nowMs) {
      const tree = upToDate(treeOf(request.tenant), nowMs)
      const { outcome, book } = decide(tree.book, request, stampAt(nowMs))
      tree.book = book
      return outcome
    },
    seen(pod) {
      const tree = treeNamed(treeOf(pod.tenant))
      tree.tally.seen(pod, ++tree.position)
    },
    gone({ uid, tenant }) {
      const tree = treeNamed(treeOf(tenant))
      tree.tally.gone(uid, ++tree.position)
      tree.isBehind = true
    },
    amend(name, change, nowMs) {
      const tree = upToDate(name, nowMs)
      tree.book = amend(tree.book, change)
    },
    count: (name, nowMs) => count(treeNamed(name), nowMs),
  }
}

function stampAt(nowMs: number): Stamp {
  return { bookedBy: 'simulation', expiresAtMs: nowMs + PENDING_MS, holdUntilMs: nowMs + PENDING_MS }
}
