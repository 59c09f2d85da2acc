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

/** What pods use and gangs wait for, in all tiers: everything that is held, less what is claimed. */
export const podUse = remembered(book => without(book, book.total, () => true))

/** The same of what is reserved and shared. */
export const firmPodUse = remembered(book => {
  return without(book, book.firm, part => placeOf(book.quota, part).isFirm)
})

// A book never changes, and whoever tells of one asks for every tenant in turn.
function remembered(usageOf: (book: Book) => Usage): (book: Book) => Usage {
  const known = new WeakMap<Book, Usage>()
  return book => {
    const usage = known.get(book) ?? usageOf(book)
    known.set(book, usage)
    return usage
  }
}

function without(book: Book, usage: Usage, isLeftOut: (part: Part) => boolean): Usage {
  if (book.ledger.claims.size === 0) return usage
  return entries(claimedOf(book.ledger))
    .flatMap(partsOf)
    .filter(isLeftOut)
    .reduce((rest, part) => removeUsage(rest, placeOf(book.quota, part).node, part.amounts), usage)
}
