/**
 * Who has taken how much of what its relatives could lend, for its weight: Kueue's dominant resource share (fair_sharing.go:
 * dominantResourceShare), in exact fractions that are compared by crosswise multiplication.
 */
import { ONE } from '../../../quantity/quantity.ts'
import type { Node } from '../../../quota/tree.ts'
import type { Balance } from './balance.ts'
import { at, positive, reachOf } from './capacity.ts'

/** What is borrowed over what can be lent. */
interface Portion {
  readonly borrowed: bigint
  /** Positive. */
  readonly lendable: bigint
}

export interface WeighedPortion extends Portion {
  /** Billionths. Whoever weighs nothing has a claim to nothing, and more than everybody who weighs something. */
  readonly weight: bigint
}

const NOTHING: Portion = { borrowed: 0n, lendable: 1n }

/** The greatest portion that a node has of any of these classes. */
export function portionOf(balance: Balance, node: Node, keys: readonly string[]): WeighedPortion {
  const { parent } = node
  const portions = parent === null ? [] : keys.map(key => portionIn(balance, node, parent, key))
  const greatest = portions.reduce((most, one) => (crosswise(one, most) > 0n ? one : most), NOTHING)
  return { ...greatest, weight: node.weight.nanos }
}

/** Whether `less` stays below `more` by a margin in thousandths of `more`. */
export function isBelowBy(marginPerMille: number, less: WeighedPortion, more: WeighedPortion): boolean {
  const margin = 1000n - BigInt(marginPerMille)
  const reduced = { borrowed: more.borrowed * margin, lendable: more.lendable * 1000n }
  if (less.borrowed === 0n) return true
  if (more.borrowed === 0n) return false
  if (more.weight === 0n) return less.weight > 0n || crosswise(less, reduced) <= 0n
  if (less.weight === 0n) return false
  return less.borrowed * reduced.lendable * more.weight <= reduced.borrowed * less.lendable * less.weight
}

/** For people, in thousandths of what can be lent. */
export function shareText({ borrowed, lendable, weight }: WeighedPortion): string {
  const perMille = `${(borrowed * 1000n) / lendable}/1000`
  return weight === ONE.nanos ? perMille : `${perMille} at weight ${Number(weight) / Number(ONE.nanos)}`
}

function portionIn(balance: Balance, node: Node, parent: Node, key: string): Portion {
  const capacity = balance.capacity(key)
  const borrowed = positive(balance.used('total', node, key) - at(capacity.subtree, node))
  const lendable = reachOf(capacity, parent, key)
  // Where a cut left nothing to lend, all that is borrowed is too much, and siblings still differ in how much.
  return { borrowed, lendable: lendable > 0n ? lendable : 1n }
}

function crosswise(a: Portion, b: Portion): bigint {
  return a.borrowed * b.lendable - b.borrowed * a.lendable
}
