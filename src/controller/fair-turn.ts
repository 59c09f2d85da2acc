/**
 * Whose turn it is, among tenants that all fit: whoever has the lowest weighted share. Shares are compared among siblings, from the root
 * down: a tenant with little waits for its cohort's turn if that has borrowed much. Equals go by who waits longest, so whoever has
 * no share at all (what is reserved is nobody's to share) is served in the order of the queue.
 */
import type { Book } from '../quota/book.ts'
import { upwards } from '../quota/quota-tree.ts'
import { compareShares, type Share, shareOf } from '../quota/share.ts'
import type { Node } from '../quota/tree.ts'

export interface Contender {
  /** The node it would use. */
  readonly leaf: Node
  readonly classes: readonly string[]
  readonly sinceMs: number
}

/** The next of some contenders, of whom each has a leaf to itself; undefined where there are none. */
export function nextInTurn<C extends Contender>(book: Book, contenders: readonly C[]): C | undefined {
  let left: readonly Member<C>[] = contenders.map(contender => ({
    contender,
    path: [...upwards(contender.leaf)].toReversed(),
  }))
  for (let depth = 1; left.length > 1; depth += 1) {
    const branches = Map.groupBy(left, ({ contender, path }) => path[depth] ?? contender.leaf)
    const rivals = [...branches].map(([node, members]) => rival(book, node, members))
    left = rivals.reduce(least).members
  }
  return left[0]?.contender
}

interface Member<C> {
  readonly contender: C
  readonly path: readonly Node[]
}

interface Rival<C> {
  readonly share: Share
  readonly sinceMs: number
  readonly members: readonly Member<C>[]
}

function rival<C extends Contender>(book: Book, node: Node, members: readonly Member<C>[]): Rival<C> {
  // Classes that none of them asks for must not make a borrower of those look greedy.
  const classes = new Set(members.flatMap(({ contender }) => contender.classes))
  const sinceMs = Math.min(...members.map(({ contender }) => contender.sinceMs))
  return { share: shareOf(book.total, node, classes), sinceMs, members }
}

function least<C>(a: Rival<C>, b: Rival<C>): Rival<C> {
  const order = compareShares(a.share, b.share) || a.sinceMs - b.sinceMs
  return order <= 0 ? a : b
}
