/** The range of CEL's int. */

const MIN_INT = -(2n ** 63n)
const MAX_INT = 2n ** 63n - 1n

export function fitsInt64(value: bigint): boolean {
  return value >= MIN_INT && value <= MAX_INT
}
