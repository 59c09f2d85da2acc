/** The two views of what is used, together: everything, and what is reserved and shared only. */
import type { Book } from '../quota/book.ts'
import { type Amounts, addUsage, removeUsage, type Usage } from '../quota/usage.ts'
import type { Tier } from '../schema/parts.ts'
import { placeIn } from './units.ts'

export interface Views {
  readonly total: Usage
  readonly firm: Usage
}

export interface Held {
  readonly tenant: string
  readonly tier: Tier
  readonly amounts: Amounts
}

export function withMore(views: Views, { quota }: Pick<Book, 'quota'>, held: Held): Views {
  return changed(views, quota, held, addUsage)
}

export function withLess(views: Views, { quota }: Pick<Book, 'quota'>, held: Held): Views {
  return changed(views, quota, held, removeUsage)
}

function changed({ total, firm }: Views, quota: Book['quota'], held: Held, change: typeof addUsage): Views {
  const { node, tier } = placeIn(quota, held.tenant, held.tier)
  return { total: change(total, node, held.amounts), firm: tier === 'burst' ? firm : change(firm, node, held.amounts) }
}
