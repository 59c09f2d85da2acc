/**
 * Who holds, hides and lends what, as of one book.
 *
 * These answers cost the size of a cohort or of the whole tree, not its depth, and serve only to tell people more. So
 * each is worked out once per book, however many denials in a row a full tree gives.
 */
import { type Amount, most, subtract, ZERO } from '../quantity/amount.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import { type Book, placeOf } from './book.ts'
import { claimedOf, podUse } from './claimed.ts'
import { partsOf } from './holding.ts'
import { holdings } from './ledger.ts'
import { entries } from './persistent-map.ts'
import { roleAt, upwards } from './quota-tree.ts'
import { remembered } from './remembered.ts'
import { type Node, quotaAt } from './tree.ts'
import { type Usage, used } from './usage.ts'

export interface Holder {
  readonly tenant: string
  readonly tier: Tier
  readonly amount: Amount
}

/** A node and how much of its capacity is meant. */
export interface Part {
  readonly node: Node
  readonly amount: Amount
}

export interface Census {
  /** Those who hold most at the node or below it, in any tier, claims aside; the largest first. */
  holders(under: Node, key: string): readonly Holder[]
  /** Those who hold most in the burst tier at the node or below it; the largest first. */
  borrowers(under: Node, key: string): readonly Holder[]
  /** For whom most is claimed at the node or below it; the largest first. */
  claimants(under: Node, key: string): readonly Holder[]
  /** Children of the node that others may take idle capacity from, the largest first. */
  lenders(parent: Node, key: string): readonly Part[]
  /** Nodes whose lending limit keeps idle capacity from the others, the largest first. */
  hiders(view: Usage, key: string): readonly Part[]
}

// Nobody reads longer lists.
const HOLDERS = 5
const LENDERS = 20

// A book never changes, so neither does what is known of it.
const censuses = new WeakMap<Book, Census>()

export function censusOf(book: Book): Census {
  const known = censuses.get(book)
  if (known !== undefined) return known
  const all = remembered((node: Node) => remembered((key: string) => holdersUnder(book, node, key)))
  const holders = remembered((node: Node) => remembered((key: string) => topHolders(all(node)(key))))
  const borrowers = remembered((node: Node) =>
    remembered((key: string) => topHolders(all(node)(key).filter(({ tier }) => tier === 'burst'))),
  )
  const claimants = remembered((node: Node) => remembered((key: string) => topHolders(claimantsUnder(book, node, key))))
  const lenders = remembered((node: Node) => remembered((key: string) => lendersUnder(book, node, key)))
  const hiders = remembered((view: Usage) => remembered((key: string) => hidersIn(book, view, key)))
  const census: Census = {
    holders: (under, key) => holders(under)(key),
    borrowers: (under, key) => borrowers(under)(key),
    claimants: (under, key) => claimants(under)(key),
    lenders: (parent, key) => lenders(parent)(key),
    hiders: (view, key) => hiders(view)(key),
  }
  censuses.set(book, census)
  return census
}

function holdersUnder(book: Book, under: Node, key: string): readonly Holder[] {
  const holders = under.parent === null ? strangers(book, key) : []
  const inUse = podUse(book)
  const nodes = [under]
  // The array grows while it is walked.
  for (const node of nodes) {
    const role = roleAt(book.quota, node)
    const amount = used(inUse, node, key)
    if (role.kind === 'tenant' && amount !== ZERO) holders.push({ tenant: role.tenant, tier: role.tier, amount })
    for (const child of book.quota.tree.children[node.index] ?? []) nodes.push(child)
  }
  return holders
}

/** Tenants that are no longer defined and still hold something; they count at the root. */
function strangers(book: Book, key: string): Holder[] {
  return holdings(book.ledger)
    .filter(([tenant]) => !book.quota.tenants.has(tenant))
    .flatMap(([tenant, holding]) => TIERS.map(tier => ({ tenant, tier, amount: holding[tier].get(key) ?? ZERO })))
    .filter(({ amount }) => amount !== ZERO)
    .toArray()
}

function claimantsUnder(book: Book, under: Node, key: string): readonly Holder[] {
  return entries(claimedOf(book.ledger))
    .flatMap(partsOf)
    .filter(part => upwards(placeOf(book.quota, part).node).some(node => node === under))
    .map(({ tenant, tier, amounts }) => ({ tenant, tier, amount: amounts.get(key) ?? ZERO }))
    .filter(({ amount }) => amount !== ZERO)
    .toArray()
}

function topHolders(holders: readonly Holder[]): readonly Holder[] {
  return first(
    HOLDERS,
    holders,
    (a, b) => descending(a.amount, b.amount) || ascending(a.tenant, b.tenant) || ascending(a.tier, b.tier),
  )
}

function lendersUnder(book: Book, parent: Node, key: string): readonly Part[] {
  const children = book.quota.tree.children[parent.index] ?? []
  return largest(children.map(node => ({ node, amount: lendable(book, node, key) })))
}

function lendable(book: Book, node: Node, key: string): Amount {
  const { subtree, local } = quotaAt(node, key)
  return subtract(subtract(subtree, local), most(ZERO, subtract(used(book.total, node, key), local)))
}

function hidersIn(book: Book, view: Usage, key: string): readonly Part[] {
  const limited = book.quota.lendingLimited.get(key) ?? []
  return largest(limited.map(node => ({ node, amount: subtract(quotaAt(node, key).local, used(view, node, key)) })))
}

function largest(parts: readonly Part[]): readonly Part[] {
  return first(
    LENDERS,
    parts.filter(({ amount }) => amount > ZERO),
    (a, b) => descending(a.amount, b.amount) || ascending(a.node.name, b.node.name),
  )
}

/** The first few in an order. Looking through once beats sorting thousands to show five. */
function first<T>(count: number, all: readonly T[], order: (a: T, b: T) => number): readonly T[] {
  const kept: T[] = []
  for (const one of all) {
    const last = kept[count - 1]
    if (last !== undefined && order(one, last) >= 0) continue
    const place = kept.findIndex(other => order(one, other) < 0)
    kept.splice(place === -1 ? kept.length : place, 0, one)
    kept.length = Math.min(kept.length, count)
  }
  return kept
}

function descending(a: Amount, b: Amount): number {
  if (a === b) return 0
  return a > b ? -1 : 1
}

function ascending(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
