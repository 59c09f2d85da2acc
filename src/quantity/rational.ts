/**
 * Exact fractions, for what comes from dividing amounts by amounts and by weights.
 *
 * They are not kept in lowest terms: a fraction here is made by a division or two and then compared, which crosswise
 * multiplication does without them.
 */
export interface Rational {
  readonly numerator: bigint
  /** Always positive. */
  readonly denominator: bigint
}

export const NOTHING: Rational = { numerator: 0n, denominator: 1n }

/** The quotient of two integers. Throws on a division by zero: whoever divides knows what zero means there. */
export function rational(dividend: bigint, divisor: bigint): Rational {
  if (divisor === 0n) throw new RangeError(`${dividend} is divided by zero`)
  return divisor > 0n ? { numerator: dividend, denominator: divisor } : { numerator: -dividend, denominator: -divisor }
}

export function compareRationals(a: Rational, b: Rational): -1 | 0 | 1 {
  const left = a.numerator * b.denominator
  const right = b.numerator * a.denominator
  if (left === right) return 0
  return left < right ? -1 : 1
}

/** The least integer that is not below the fraction. */
export function ceiling({ numerator, denominator }: Rational): bigint {
  const towardsZero = numerator / denominator
  return numerator > 0n && numerator % denominator !== 0n ? towardsZero + 1n : towardsZero
}
