/** The answer to a request, with everything that telling a person about it takes. */
import type { Amount } from '../quantity/amount.ts'
import type { Tier } from '../schema/parts.ts'
import type { Book } from './book.ts'
import type { Ask, Bar, Outcome } from './decide.ts'
import { type Explanation, explain } from './explain.ts'
import type { Charge } from './ledger.ts'
import { type Lender, lendersOf } from './lenders.ts'
import type { Tenant } from './quota-tree.ts'

export type Verdict = Charged | Refused | Barred | Busy

export interface Charged {
  readonly kind: 'charged'
  readonly tier: Tier
  /** What of the charge is borrowed and can be taken back, by class. Empty unless the tier is burst. */
  readonly borrowed: ReadonlyMap<string, Amount>
  readonly lenders: ReadonlyMap<string, readonly Lender[]>
}

export interface Refused {
  readonly kind: 'refused'
  readonly explanation: Explanation
}

/** No amount of freed capacity would help: the request itself, or the quota, has to change. */
export interface Barred {
  readonly kind: 'barred'
  readonly bars: readonly Bar[]
}

/** Not decided in time, and nothing booked. */
export interface Busy {
  readonly kind: 'busy'
  /** `full`: the ledger holds as many uncounted charges as it has room for. */
  readonly because: 'deadline' | 'store' | 'full'
  readonly retryAfterMs: number
  /** What the store threw; for logs. */
  readonly cause?: unknown
}

/** Words an outcome with what the book says. Any book from the decision on will do, as long as nothing left it since. */
export function verdictOf(outcome: Outcome, ask: Ask, book: Book): Verdict {
  switch (outcome.kind) {
    case 'barred':
      return { kind: 'barred', bars: outcome.bars }
    case 'refused':
      return { kind: 'refused', explanation: explain(book, tenantOf(book, ask), ask) }
    case 'charged':
      return charged(outcome.charge, book)
  }
}

function charged({ tenant, tier, amounts }: Charge, book: Book): Charged {
  const known = book.quota.tenants.get(tenant)
  if (tier !== 'burst' || known === undefined) return { kind: 'charged', tier, borrowed: new Map(), lenders: new Map() }
  const lenders = new Map([...amounts].map(([key, amount]) => [key, lendersOf(book, known, key, amount)]))
  return { kind: 'charged', tier, borrowed: amounts, lenders }
}

function tenantOf(book: Book, ask: Ask): Tenant {
  const tenant = book.quota.tenants.get(ask.tenant)
  if (tenant === undefined) throw new Error(`${ask.tenant} was refused by the tree ${book.quota.name}, which lacks it`)
  return tenant
}
