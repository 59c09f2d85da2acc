/**
 * How much a node has borrowed of what its relatives could lend, divided by its weight. Whoever has the greatest share
 * gives back first.
 *
 * The formula is Kueue's dominant resource share (pkg/cache/scheduler/fair_sharing.go: dominantResourceShare, CompareDRS),
 * in exact fractions where Kueue has float64:
 *
 *   ratio = max over what is compared of  borrowed * 1000 / lendable
 *   share = ratio / weight;  0 where the ratio is 0, else infinite where the weight is 0
 *
 * `borrowed` is the use above the node's subtree quota, `lendable` the potential of its parent. A root has no one to borrow
 * from, so its share is 0.
 */
import { type Amount, add, amount, most, subtract, ZERO } from '../quantity/amount.ts'
import { NANOS_PER_UNIT, type Quantity } from '../quantity/quantity.ts'
import { ceiling, compareRationals, NOTHING, type Rational, rational } from '../quantity/rational.ts'
import { type Node, potential, quotaAt } from './tree.ts'
import { type Amounts, type Usage, used } from './usage.ts'

export interface Share {
  /** Thousandths of the lendable, before the weight. */
  readonly ratio: Rational
  readonly weighted: WeightedShare
  /** What the ratio is that of; of several, the alphabetically first. null where the ratio is 0. */
  readonly dominant: string | null
  /** Kueue counts what is borrowed where nothing is lendable as borrowed, yet as no share. */
  readonly isBorrowing: boolean
}

export type WeightedShare = Rational | 'infinite'

const NO_SHARE: Share = { ratio: NOTHING, weighted: NOTHING, dominant: null, isBorrowing: false }
const NO_AMOUNTS: Amounts = new Map()
const PER_MILLE = 1000n
const SMALLEST = amount(1)

/**
 * The node's greatest share among some classes, such as those a request uses. Classes that are not named never change it:
 * capacity that cannot serve the request must not make its borrowers look modest (Kueue #9406). `extra` is a use to be
 * judged as if it were there, at this node alone.
 */
export function shareOf(usage: Usage, node: Node, keys: Iterable<string>, extra: Amounts = NO_AMOUNTS): Share {
  const { parent } = node
  if (parent === null) return NO_SHARE
  const portions = Iterator.from(keys)
    .map(key => ({ of: key, borrowed: borrowedAt(usage, node, key, extra), lendable: potential(parent, key) }))
    // Where a cut left nothing to lend, all that is borrowed is to be given back, and siblings still differ in how much.
    .map(portion => ({ ...portion, lendable: most(portion.lendable, SMALLEST) }))
  return greatest(portions, node.weight)
}

/**
 * The node's share as Kueue computes it: per resource, what is borrowed of all its flavors over what is lendable of all its
 * flavors. `resourceOf` names the resource that a key is a flavor of.
 */
export function kueueShare(
  usage: Usage,
  node: Node,
  resourceOf: (key: string) => string,
  extra: Amounts = NO_AMOUNTS,
): Share {
  const { parent } = node
  if (parent === null) return NO_SHARE
  const borrowed = sums(node.quotas.keys(), resourceOf, key => borrowedAt(usage, node, key, extra))
  const lendable = sums(usage.tree.root.quotas.keys(), resourceOf, key => potential(parent, key))
  const portions = borrowed.entries().map(([of, sum]) => ({ of, borrowed: sum, lendable: lendable.get(of) ?? ZERO }))
  return greatest(portions, node.weight)
}

export function weightedShare(ratio: Rational, weight: Quantity): WeightedShare {
  if (ratio.numerator === 0n) return NOTHING
  if (weight.nanos === 0n) return 'infinite'
  return rational(ratio.numerator * NANOS_PER_UNIT, ratio.denominator * weight.nanos)
}

/** The share as it is shown: a whole number, rounded up, so that nobody who borrows is shown with 0. */
export function roundedShare({ weighted }: Share): bigint | 'infinite' {
  return weighted === 'infinite' ? weighted : ceiling(weighted)
}

/** Two infinite shares differ in their ratios: even those without a claim to anything can have taken more or less. */
export function compareShares(a: Share, b: Share): -1 | 0 | 1 {
  if (a.weighted === 'infinite') return b.weighted === 'infinite' ? compareRationals(a.ratio, b.ratio) : 1
  return b.weighted === 'infinite' ? -1 : compareRationals(a.weighted, b.weighted)
}

/** What is borrowed of something, and what could be lent of it. */
interface Portion {
  readonly of: string
  readonly borrowed: Amount
  readonly lendable: Amount
}

function greatest(portions: Iterable<Portion>, weight: Quantity): Share {
  let isBorrowing = false
  let ratio = NOTHING
  let dominant: string | null = null
  for (const { of, borrowed, lendable } of portions) {
    if (borrowed <= ZERO) continue
    isBorrowing = true
    if (lendable <= ZERO) continue
    const candidate = rational(borrowed * PER_MILLE, lendable)
    const order = compareRationals(candidate, ratio)
    if (order < 0 || (order === 0 && dominant !== null && dominant <= of)) continue
    ratio = candidate
    dominant = of
  }
  return { ratio, weighted: weightedShare(ratio, weight), dominant, isBorrowing }
}

function borrowedAt(usage: Usage, node: Node, key: string, extra: Amounts): Amount {
  const inUse = add(used(usage, node, key), extra.get(key) ?? ZERO)
  return most(ZERO, subtract(inUse, quotaAt(node, key).subtree))
}

function sums(
  keys: Iterable<string>,
  groupOf: (key: string) => string,
  amountOf: (key: string) => Amount,
): ReadonlyMap<string, Amount> {
  const totals = new Map<string, Amount>()
  for (const key of keys) totals.set(groupOf(key), add(totals.get(groupOf(key)) ?? ZERO, amountOf(key)))
  return totals
}
