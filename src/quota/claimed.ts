/**
 * What is claimed, told apart from what pods use. A claim counts against the limits like a charge, so both stand in the views of a book;
 * these are the views without.
 */
import { type Book, placeOf } from './book.ts'
import type { Claim } from './claim.ts'
import { emptyHoldings, type Holdings, holdMoreOf, type Part, partsOf } from './holding.ts'
import { claims, type Ledger } from './ledger.ts'
import { entries, type PersistentMap } from './persistent-map.ts'
import { removeUsage, type Usage } from './usage.ts'

const sums = new WeakMap<PersistentMap<Claim>, Holdings>()

/** What is claimed for each tenant. Added up once, however many charges come and go beside the claims. */
export function claimedOf(ledger: Ledger): Holdings {
  const known = sums.get(ledger.claims) ?? holdMoreOf(emptyHoldings(), claims(ledger))
  sums.set(ledger.claims, known)
  return known
}

/** What is reserved and shared, less what is claimed of pools. */
export function firmUnclaimed(book: Book): Usage {
  return without(book, book.firm, part => part.tier === 'shared' && placeOf(book.quota, part).isFirm)
}

const ofPods = new WeakMap<Book, Usage>()

/** What pods use and gangs wait for, in all tiers: everything that is held, less what is claimed. */
export function podUse(book: Book): Usage {
  const known = ofPods.get(book) ?? without(book, book.total, () => true)
  ofPods.set(book, known)
  return known
}

function without(book: Book, usage: Usage, isLeftOut: (part: Part) => boolean): Usage {
  if (book.ledger.claims.size === 0) return usage
  return entries(claimedOf(book.ledger))
    .flatMap(partsOf)
    .filter(isLeftOut)
    .reduce((rest, part) => removeUsage(rest, placeOf(book.quota, part).node, part.amounts), usage)
}
