/**
 * The way to charge: finds the tree of a tenant and hands the request to its lane, which writes one batch at a time.
 *
 * What no ledger is needed for is answered at once, so a wrong request is told so even while the store is away.
 */
import type { Book } from './book.ts'
import type { Change } from './change.ts'
import { barsFor, type Request } from './decide.ts'
import { type Lane, type LaneDeps, openLane } from './lane.ts'
import { bareQuotaTree } from './quota-tree.ts'
import type { Quotas } from './tiers.ts'
import type { Barred, Verdict } from './verdict.ts'
import { type LedgerStore, versionsOf } from './versions.ts'

export interface WriterDeps extends LaneDeps {
  readonly store: LedgerStore
  /** The quotas in force; asked anew for every batch. */
  readonly quotas: () => Quotas
}

export interface LedgerWriter {
  /** Books the request if it fits. The verdict comes by the deadline, in epoch milliseconds, whatever the store does. */
  charge(request: Request, deadlineMs: number): Promise<Verdict>
  /** What `charge` would say at this moment. Leaves no trace. */
  preview(request: Request, deadlineMs: number): Promise<Verdict>
  /** Ends when the changes are stored; rejects when the store fails, and may be repeated then. */
  amend(tree: string, changes: readonly Change[]): Promise<void>
  /** Makes sure of the newest version of a tree's ledger, and returns the book opened on it. */
  refresh(tree: string): Promise<Book>
  /** The book as of the last version seen or heard of, for guesses that must not wait; undefined before the first. */
  book(tree: string): Book | undefined
}

export function ledgerWriter(deps: WriterDeps): LedgerWriter {
  const lanes = new Map<string, Lane>()

  function laneOf(tree: string): Lane {
    const known = lanes.get(tree)
    if (known !== undefined) return known
    // A tree may vanish from the quotas while its ledger still has charges to release.
    const bare = bareQuotaTree(tree)
    const quota = () => deps.quotas().trees.get(tree) ?? bare
    const lane = openLane(versionsOf(tree, deps.store, quota), deps)
    lanes.set(tree, lane)
    return lane
  }

  async function ask(request: Request, options: { isPreview: boolean; deadlineMs: number }): Promise<Verdict> {
    const tree = deps.quotas().treeOfTenant.get(request.tenant)
    const tenant = tree?.tenants.get(request.tenant)
    if (tree === undefined || tenant === undefined) return unknownTenant(request.tenant)
    const bars = barsFor(tenant, request)
    return bars.length > 0 ? { kind: 'barred', bars } : laneOf(tree.name).ask(request, options)
  }

  return {
    charge: (request, deadlineMs) => ask(request, { isPreview: false, deadlineMs }),
    preview: (request, deadlineMs) => ask(request, { isPreview: true, deadlineMs }),
    amend: (tree, changes) => laneOf(tree).amend(changes),
    async refresh(tree) {
      await laneOf(tree).amend([])
      const book = laneOf(tree).book()
      if (book === undefined) throw new Error(`the ledger of ${tree} was read and is not there`)
      return book
    },
    // What was heard of a tree that nobody here has charged is a book as well.
    book: tree => laneOf(tree).book(),
  }
}

function unknownTenant(tenant: string): Barred {
  return { kind: 'barred', bars: [{ kind: 'unknown-tenant', tenant }] }
}
