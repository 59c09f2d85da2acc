import type { Tier } from '../schema/parts.ts'
import type { Book } from './book.ts'
import { firmUnclaimed } from './claimed.ts'
import type { Usage } from './usage.ts'

/**
 * Reserved and shared are judged as if burst were not there; burst is judged on everything. What is claimed of a pool may stand on what
 * others of that pool still use, and so count twice for a while: that must not keep anybody from what is reserved for them.
 */
export function viewFor(book: Book, tier: Tier): Usage {
  switch (tier) {
    case 'reserved':
      return firmUnclaimed(book)
    case 'shared':
      return book.firm
    case 'burst':
      return book.total
  }
}
