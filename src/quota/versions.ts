/** The ledger of one tree as its store has it, and the book opened on it. */
import { type Book, openBook, reopenBook } from './book.ts'
import type { Ledger } from './ledger.ts'
import type { QuotaTree } from './quota-tree.ts'

export interface Versioned<T> {
  readonly version: string
  readonly value: T
}

/** What charging needs from storage; a test passes a Map. Every call must end by itself. */
export interface LedgerStore {
  /**
   * The ledger of a tree as it is now; an empty one if there is none yet. Made from the ledger read or written before, by
   * booking and releasing what is new, it is caught up with at the cost of what is new.
   */
  read(tree: string): Promise<Versioned<Ledger>>
  /** Stores `next` if what is stored is still `current`, and only then. */
  replace(tree: string, current: Versioned<Ledger>, next: Ledger): Promise<Versioned<Ledger> | 'conflict'>
  /**
   * The newest version heard of without asking, never older than what was read or written here; undefined where there is none. Others
   * may have moved on from it: good enough for guesses and for writes, which fail then, but for no denial.
   */
  newest?(tree: string): Versioned<Ledger> | undefined
}

/** A stored version to decide on. */
export interface Ground {
  readonly stored: Versioned<Ledger>
  readonly book: Book
  /** Read for the batch at hand, so after all its requests had arrived. */
  readonly isFresh: boolean
}

export interface Versions {
  /** The last version seen or heard of, which others may have moved on from since; undefined before the first. */
  known(): Ground | undefined
  read(): Promise<Ground>
  replace(ground: Ground, next: Book): Promise<'stored' | 'conflict'>
}

/** The quota may change at any time; a ground is always opened on the one in force. */
export function versionsOf(tree: string, store: LedgerStore, quota: () => QuotaTree): Versions {
  let known: Ground | undefined

  const open = (stored: Versioned<Ledger>): Book => {
    const inForce = quota()
    if (known === undefined || known.book.quota !== inForce) return openBook(inForce, stored.value)
    return known.stored.version === stored.version ? known.book : reopenBook(known.book, stored.value)
  }

  return {
    known() {
      const heard = store.newest?.(tree)
      if (heard !== undefined && heard.version !== known?.stored.version) {
        known = { stored: heard, book: open(heard), isFresh: false }
      } else if (known !== undefined) known = { stored: known.stored, book: open(known.stored), isFresh: false }
      return known
    },
    async read() {
      const stored = await store.read(tree)
      known = { stored, book: open(stored), isFresh: true }
      return known
    },
    async replace(ground, next) {
      const stored = await store.replace(tree, ground.stored, next.ledger)
      if (stored === 'conflict') return 'conflict'
      known = { stored, book: next, isFresh: false }
      return 'stored'
    },
  }
}
