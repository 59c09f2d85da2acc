/**
 * A ledger opened over its tree: every charge at its node, in two views of the same usage.
 *
 * `total` holds everything. `firm` holds reserved and shared charges only, as if burst were not there: what fits in it is
 * entitled and admitted at once, and what burst must give back then is the rebalancer's work. A book is a value; whoever
 * loses a compare-and-swap drops it.
 */

import { TIERS, type Tier } from '../schema/parts.ts'
import {
  type Charge,
  changedHoldings,
  charge,
  chargeOf,
  confirm,
  type Holding,
  holdings,
  type Ledger,
  lapsed,
  NOTHING_HELD,
  release,
} from './ledger.ts'
import type { QuotaTree } from './quota-tree.ts'
import type { Node } from './tree.ts'
import { type Amounts, addUsage, removeUsage, sameAmounts, type Usage, usageOf } from './usage.ts'

export interface Book {
  readonly quota: QuotaTree
  readonly ledger: Ledger
  readonly firm: Usage
  readonly total: Usage
}

/** What happens to a ledger besides charging. Each is idempotent: all of them may be delivered twice. */
export type Change =
  | { readonly kind: 'release'; readonly uid: string }
  | { readonly kind: 'confirm'; readonly uid: string }
  | { readonly kind: 'expire'; readonly nowMs: number }
  /** Takes back a charge nobody was told of, unless it has been renewed or its pod seen since. */
  | { readonly kind: 'withdraw'; readonly charge: Charge }

export function openBook(quota: QuotaTree, ledger: Ledger): Book {
  const held = [...holdings(ledger)].flatMap(([tenant, holding]) => placesOf(quota, tenant, holding))
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
 * The book of another version of the same ledger. Costs what the two differ in: after every conflict a replica has to catch
 * up with a few charges of others, whatever the number of tenants.
 */
export function reopenBook(book: Book, ledger: Ledger): Book {
  let { firm, total } = book
  for (const { key: tenant, before, after } of changedHoldings(book.ledger, ledger)) {
    for (const tier of TIERS) {
      const [former, amounts] = [(before ?? NOTHING_HELD)[tier], (after ?? NOTHING_HELD)[tier]]
      if (sameAmounts(former, amounts)) continue
      const { node, isFirm } = placeOf(book.quota, tenant, tier)
      const move = (usage: Usage) => addUsage(removeUsage(usage, node, former), node, amounts)
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

/** Books a charge whose UID has none yet. */
export function enter(book: Book, booked: Charge): Book {
  return moved(book, booked, addUsage, charge(book.ledger, booked))
}

export function amend(book: Book, change: Change): Book {
  switch (change.kind) {
    case 'release':
      return strike(book, change.uid)
    case 'confirm':
      return withLedger(book, confirm(book.ledger, change.uid))
    case 'expire':
      return lapsed(book.ledger, change.nowMs).reduce((left, { uid }) => strike(left, uid), book)
    case 'withdraw': {
      const { uid, bookedBy, expiresAtMs } = change.charge
      const current = chargeOf(book.ledger, uid)
      return current?.bookedBy === bookedBy && current.expiresAtMs === expiresAtMs ? strike(book, uid) : book
    }
  }
}

/** Lets a charge that is already booked live longer; nothing else about it changes. */
export function renew(book: Book, booked: Charge): Book {
  return withLedger(book, charge(book.ledger, booked))
}

function withLedger(book: Book, ledger: Ledger): Book {
  return ledger === book.ledger ? book : { ...book, ledger }
}

function strike(book: Book, uid: string): Book {
  const former = chargeOf(book.ledger, uid)
  return former === undefined ? book : moved(book, former, removeUsage, release(book.ledger, uid))
}

function moved(
  book: Book,
  { tenant, tier, amounts }: Charge,
  change: (usage: Usage, node: Node, amounts: Amounts) => Usage,
  ledger: Ledger,
): Book {
  const { node, isFirm } = placeOf(book.quota, tenant, tier)
  return {
    quota: book.quota,
    ledger,
    firm: isFirm ? change(book.firm, node, amounts) : book.firm,
    total: change(book.total, node, amounts),
  }
}

interface Place {
  readonly node: Node
  readonly isFirm: boolean
}

// The pods of a tenant that is no longer defined still run: they count at the root, where they take idle capacity from
// everybody, and as burst, so that they take no one's entitlement.
function placeOf(quota: QuotaTree, tenant: string, tier: Tier): Place {
  const known = quota.tenants.get(tenant)
  if (known === undefined) return { node: quota.tree.root, isFirm: false }
  return { node: known.leaves[tier], isFirm: tier !== 'burst' }
}

function placesOf(
  quota: QuotaTree,
  tenant: string,
  holding: Holding,
): readonly (Place & { readonly amounts: Amounts })[] {
  return TIERS.map(tier => ({ ...placeOf(quota, tenant, tier), amounts: holding[tier] }))
}
