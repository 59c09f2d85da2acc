/** How long those waited who had to wait. */

export interface Spread {
  readonly all: number
  /** How many waited at all. */
  readonly waited: number
  /** Of those who waited, in milliseconds; 0 where nobody did. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export function spreadOf(waitsMs: readonly number[]): Spread {
  const waits = waitsMs.filter(ms => ms > 0).toSorted((a, b) => a - b)
  // Nearest rank: a quantile is a wait that somebody had.
  const quantile = (per: number) => waits[Math.max(0, Math.ceil(waits.length * per) - 1)] ?? 0
  return { all: waitsMs.length, waited: waits.length, p50Ms: quantile(0.5), p99Ms: quantile(0.99), maxMs: quantile(1) }
}
