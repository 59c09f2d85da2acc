/**
 * Whose turn it is, among tenants that all fit: whoever has the lowest weighted share. Shares are compared among siblings, from the root
 * down: a tenant with little waits for its cohort's turn if that has borrowed much. Equals go by who waits longest, so whoever has
 * no share at all (what is reserved is nobody's to share) is served in the order of the queue.
 */
import type { Book } from '../../quota/book.ts'
import { upwards } from '../../quota/quota-tree.ts'
import { compareShares, type Share, shareOf } from '../../quota/share.ts'
import type { Node } from '../../quota/tree.ts'

/** Who waits for its turn. As long as nothing is taken at its leaf, it stays what it is. */
export interface Contender {
  readonly sinceMs: number
  readonly classes: readonly string[]
  /** From the root to the node that it would use, which no other contender does. */
  readonly path: readonly Node[]
  readonly leafShare: Share
}

export function contenderAt(book: Book, leaf: Node, of: Pick<Contender, 'sinceMs' | 'classes'>): Contender {
  return { ...of, path: [...upwards(leaf)].toReversed(), leafShare: shareOf(book.total, leaf, of.classes) }
}

/** The next of some contenders; undefined where there are none. */
export function nextInTurn<C extends Contender>(book: Book, contenders: readonly C[]): C | undefined {
  let left = contenders
  for (let depth = 1; left.length > 1; depth += 1) {
    const branches = Map.groupBy(left, ({ path }) => path[depth])
    left = [...branches].map(([node, members]) => rival(book, node, depth, members)).reduce(preferred).members
  }
  return left[0]
}

interface Rival<C> {
  readonly share: Share
  readonly sinceMs: number
  readonly members: readonly C[]
}

function rival<C extends Contender>(
  book: Book,
  node: Node | undefined,
  depth: number,
  members: readonly C[],
): Rival<C> {
  const [first, ...others] = members
  if (node === undefined || first === undefined) throw new Error('two contenders have one leaf')
  const isLeaf = others.length === 0 && first.path.length === depth + 1
  if (isLeaf) return { share: first.leafShare, sinceMs: first.sinceMs, members }
  // Classes that none of them asks for must not make a borrower of those look greedy.
  const classes = new Set(members.flatMap(member => member.classes))
  const sinceMs = members.reduce((least, member) => Math.min(least, member.sinceMs), first.sinceMs)
  return { share: shareOf(book.total, node, classes), sinceMs, members }
}

function preferred<C>(a: Rival<C>, b: Rival<C>): Rival<C> {
  const order = compareShares(a.share, b.share) || a.sinceMs - b.sinceMs
  return order <= 0 ? a : b
}
