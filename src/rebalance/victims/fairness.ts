/**
 * Whether somebody may give back for somebody who was refused: only while the one who gets it has, with it, no more than the one who
 * gives it keeps, by a margin.
 *
 * The rule is Kueue's LessThanOrEqualToFinalShare, at the two children of their lowest common ancestor, made stricter by the margin.
 * It holds for the classes that are asked for together, and for each of them that the victim gives by itself. Who asks for something
 * back may ask for other classes with it, in which the shares stand the other way round; but it has to take back the very classes that
 * it gave, and of those it keeps the greater share. So nobody takes turns.
 */
import { compareRationals, type Rational } from '../../quantity/rational.ts'
import { upwards } from '../../quota/quota-tree.ts'
import { type Share, shareOf } from '../../quota/share.ts'
import type { Node } from '../../quota/tree.ts'
import type { Usage } from '../../quota/usage.ts'

const PER_MILLE = 1000n

/** A set of classes, or what is held of them. */
export interface Classes {
  has(key: string): boolean
}

export interface Exchange {
  /** The classes that the claimant asks for. */
  readonly asked: readonly string[]
  /** Those that the victim gives back, asked for or not. */
  readonly given: Classes
}

/** In a usage in which the claimant has what it asks for, and the victim has given back. */
export function isFair(
  usage: Usage,
  claimant: Node,
  victim: Node,
  { asked, given }: Exchange,
  marginPerMille: number,
): boolean {
  const sides = sidesOf(claimant, victim)
  // What counts at the root belongs to tenants that are gone: nobody's share.
  if (sides === undefined) return true
  const isFairOf = (keys: readonly string[]) => {
    const [gains, keeps] = [shareOf(usage, sides[0], keys), shareOf(usage, sides[1], keys)]
    return isSmaller(gains, keeps, marginPerMille)
  }
  return isFairOf(asked) && (asked.length === 1 || asked.every(key => !given.has(key) || isFairOf([key])))
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
