/**
 * Whether somebody may give back for somebody who was refused: only while the one who gets it has, with it, no more than the one who
 * gives it keeps, by a margin.
 *
 * The rule is Kueue's LessThanOrEqualToFinalShare, at the two children of their lowest common ancestor, made stricter by the margin.
 * Since the victim keeps the greater share, the same rule never lets it take back what it gave: nobody takes turns.
 */
import { compareRationals, type Rational } from '../../quantity/rational.ts'
import { upwards } from '../../quota/quota-tree.ts'
import { type Share, shareOf } from '../../quota/share.ts'
import type { Node } from '../../quota/tree.ts'
import type { Usage } from '../../quota/usage.ts'

const PER_MILLE = 1000n

/** In a usage in which the claimant has what it asks for, of these classes, and the victim has given back. */
export function isFair(
  usage: Usage,
  claimant: Node,
  victim: Node,
  keys: readonly string[],
  marginPerMille: number,
): boolean {
  const sides = sidesOf(claimant, victim)
  // What counts at the root belongs to tenants that are gone: nobody's share.
  if (sides === undefined) return true
  const [gains, keeps] = sides.map(node => shareOf(usage, node, keys))
  return gains === undefined || keeps === undefined || isSmaller(gains, keeps, marginPerMille)
}

/** The children of the lowest common ancestor on the way to each; none where one is above the other. */
function sidesOf(a: Node, b: Node): readonly [Node, Node] | undefined {
  const [down, along] = [[...upwards(a)].toReversed(), [...upwards(b)].toReversed()]
  const fork = down.findIndex((node, depth) => node !== along[depth])
  const [left, right] = [down[fork], along[fork]]
  return left === undefined || right === undefined ? undefined : [left, right]
}

function isSmaller(gains: Share, keeps: Share, marginPerMille: number): boolean {
  if (gains.weighted === 'infinite') {
    return keeps.weighted === 'infinite' && isWithin(gains.ratio, keeps.ratio, marginPerMille)
  }
  return keeps.weighted === 'infinite' || isWithin(gains.weighted, keeps.weighted, marginPerMille)
}

function isWithin(gains: Rational, keeps: Rational, marginPerMille: number): boolean {
  const left = PER_MILLE - BigInt(marginPerMille)
  const bound = { numerator: keeps.numerator * left, denominator: keeps.denominator * PER_MILLE }
  return compareRationals(gains, bound) <= 0
}
