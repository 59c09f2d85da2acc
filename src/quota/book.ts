/**
 * A ledger opened over its tree: everything held at its node, in two views of the same usage.
 *
 * `total` holds everything. `firm` holds what is reserved and shared only, as if burst were not there: what fits in it is
 * entitled and admitted at once, and what burst must give back then is the rebalancer's work. A book is a value; whoever
 * loses a compare-and-swap drops it.
 */
import { TIERS } from '../schema/parts.ts'
import { excess, NOTHING_HELD, type Part, partsOf } from './holding.ts'
import { changedHoldings, holdings, type Ledger } from './ledger.ts'
import type { QuotaTree } from './quota-tree.ts'
import type { Node } from './tree.ts'
import { addUsage, removeUsage, sameAmounts, type Usage, usageOf } from './usage.ts'

export interface Book {
  readonly quota: QuotaTree
  readonly ledger: Ledger
  readonly firm: Usage
  readonly total: Usage
}

export function openBook(quota: QuotaTree, ledger: Ledger): Book {
  const held = [...holdings(ledger)].flatMap(partsOf).map(part => ({ ...placeOf(quota, part), amounts: part.amounts }))
  return {
    quota,
    ledger,
    firm: usageOf(
      quota.tree,
      held.filter(({ isFirm }) => isFirm).map(({ node, amounts }) => [node, amounts]),
    ),
    total: usageOf(
      quota.tree,
      held.map(({ node, amounts }) => [node, amounts]),
    ),
  }
}

/**
 * The book of another version of the same ledger. Costs what the two differ in: after every decision, and after every conflict,
 * a replica has to catch up with a few charges, whatever the number of tenants.
 */
export function reopenBook(book: Book, ledger: Ledger): Book {
  if (ledger === book.ledger) return book
  let { firm, total } = book
  for (const { key: tenant, before, after } of changedHoldings(book.ledger, ledger)) {
    for (const tier of TIERS) {
      const [former, amounts] = [(before ?? NOTHING_HELD)[tier], (after ?? NOTHING_HELD)[tier]]
      if (former === amounts || sameAmounts(former, amounts)) continue
      const { node, isFirm } = placeOf(book.quota, { tenant, tier })
      const [less, more] = [excess(former, amounts), excess(amounts, former)]
      const move = (usage: Usage) => addUsage(removeUsage(usage, node, less), node, more)
      firm = isFirm ? move(firm) : firm
      total = move(total)
    }
  }
  return { quota: book.quota, ledger, firm, total }
}

interface Place {
  readonly node: Node
  readonly isFirm: boolean
}

// The pods of a tenant that is no longer defined still run: they count at the root, where they take idle capacity from
// everybody, and as burst, so that they take no one's entitlement.
export function placeOf(quota: QuotaTree, { tenant, tier }: Pick<Part, 'tenant' | 'tier'>): Place {
  const known = quota.tenants.get(tenant)
  if (known === undefined) return { node: quota.tree.root, isFirm: false }
  return { node: known.leaves[tier], isFirm: tier !== 'burst' }
}
