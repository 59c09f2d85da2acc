/**
 * Amounts of one resource, with an explicit "unlimited" that saturates.
 *
 * The arithmetic is Kueue's (pkg/resources/amount.go): 64-bit, U = 2^63 - 1 stands for unlimited, U + x = U, U - x = U,
 * U - U = 0, x - U = -2^63, and every other result is clamped to that range.
 */
declare const brand: unique symbol

/** A count in the base unit of its resource. For accelerators the unit is the milli-GPU: 1000 is one whole device. */
export type Amount = bigint & { readonly [brand]: 'Amount' }

const MAX = 2n ** 63n - 1n
const MIN = -(2n ** 63n)

export const UNLIMITED = MAX as Amount
export const ZERO = 0n as Amount

/** Milli-GPUs in one whole GPU. */
export const MILLI = 1000n

/** Clamps an integer into the range of an amount. Throws on a number that is not a safe integer: that is a bug. */
export function amount(value: bigint | number): Amount {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new RangeError(`${value} is not an exact amount`)
  return clamp(BigInt(value))
}

export function add(a: Amount, b: Amount): Amount {
  return a === UNLIMITED || b === UNLIMITED ? UNLIMITED : clamp(a + b)
}

export function subtract(a: Amount, b: Amount): Amount {
  if (a === UNLIMITED) return b === UNLIMITED ? ZERO : UNLIMITED
  return b === UNLIMITED ? (MIN as Amount) : clamp(a - b)
}

export function compare(a: Amount, b: Amount): -1 | 0 | 1 {
  if (a === b) return 0
  return a < b ? -1 : 1
}

export function least(a: Amount, b: Amount): Amount {
  return a < b ? a : b
}

export function most(a: Amount, b: Amount): Amount {
  return a > b ? a : b
}

/** Milli-GPUs as people write them: `8`, `500m`, `1500m`, `unlimited`. */
export function formatGpus(value: Amount): string {
  if (value === UNLIMITED) return 'unlimited'
  return value % MILLI === 0n ? String(value / MILLI) : `${value}m`
}

function clamp(value: bigint): Amount {
  if (value > MAX) return MAX as Amount
  return (value < MIN ? MIN : value) as Amount
}
