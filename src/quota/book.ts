/**
 * A ledger opened over its tree: everything held at its node, in two views of the same usage.
 *
 * `total` holds everything. `firm` holds what is reserved and shared only, as if burst were not there: what fits in it is
 * entitled and admitted at once, and what burst must give back then is the rebalancer's work. A book is a value; whoever
 * loses a compare-and-swap drops it.
 */
import { TIERS, type Tier } from '../schema/parts.ts'
import type { Claim } from './claim.ts'
import { excess, NOTHING_HELD, type Part, partsOf } from './holding.ts'
import {
  type Charge,
  changedHoldings,
  chargeOf,
  holdings,
  type Ledger,
  release,
  withClaim,
  withdraw,
  withGang,
  withoutClaim,
} from './ledger.ts'
import { find } from './persistent-map.ts'
import type { QuotaTree } from './quota-tree.ts'
import { type PodView, recount } from './recount.ts'
import type { Node } from './tree.ts'
import { addUsage, removeUsage, sameAmounts, type Usage, usageOf } from './usage.ts'

export interface Book {
  readonly quota: QuotaTree
  readonly ledger: Ledger
  readonly firm: Usage
  readonly total: Usage
}

/** What happens to a ledger besides charging. Each is idempotent: all of them may be delivered twice. */
export type Change =
  /** A pod is gone that has not been counted. */
  | { readonly kind: 'release'; readonly uid: string }
  /** Takes back a charge nobody was told of, unless it has been renewed or its pod seen since. */
  | { readonly kind: 'withdraw'; readonly charge: Charge }
  | { readonly kind: 'recount'; readonly view: PodView }
  /** Enters a claim, or another state of it. For a pod in the tiers that are guaranteed it is entered only where it fits. */
  | { readonly kind: 'claim'; readonly claim: Claim }
  | { readonly kind: 'unclaim'; readonly key: string }
  /** A gang, by its key, no longer holds room for members that have not come. */
  | { readonly kind: 'lapse'; readonly gang: string }

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

/** Reserved and shared are judged as if burst were not there; burst is judged on everything. */
export function viewFor(book: Book, tier: Tier): Usage {
  return tier === 'burst' ? book.total : book.firm
}

export function amend(book: Book, change: Change): Book {
  return reopenBook(book, amended(book.ledger, change))
}

function amended(ledger: Ledger, change: Change): Ledger {
  switch (change.kind) {
    case 'release':
      return release(ledger, change.uid)
    case 'withdraw': {
      const { uid, bookedBy, expiresAtMs } = change.charge
      const current = chargeOf(ledger, uid)
      return current?.bookedBy === bookedBy && current.expiresAtMs === expiresAtMs ? withdraw(ledger, current) : ledger
    }
    case 'recount':
      return recount(ledger, change.view)
    case 'claim':
      return withClaim(ledger, change.claim)
    case 'unclaim':
      return withoutClaim(ledger, change.key)
    case 'lapse': {
      const gang = find(ledger.gangs, change.gang)
      return gang === undefined || gang.heldUntilMs === null
        ? ledger
        : withGang(ledger, change.gang, { ...gang, heldUntilMs: null })
    }
  }
}

interface Place {
  readonly node: Node
  readonly isFirm: boolean
}

// The pods of a tenant that is no longer defined still run: they count at the root, where they take idle capacity from
// everybody, and as burst, so that they take no one's entitlement.
function placeOf(quota: QuotaTree, { tenant, tier }: Pick<Part, 'tenant' | 'tier'>): Place {
  const known = quota.tenants.get(tenant)
  if (known === undefined) return { node: quota.tree.root, isFirm: false }
  return { node: known.leaves[tier], isFirm: tier !== 'burst' }
}
