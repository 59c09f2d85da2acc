/** How evenly burst is spread: Jain's index, (sum x)^2 / (n * sum x^2), 1 where all have the same and 1/n where one has everything. */

export interface BurstOf {
  /** Milli-GPUs it holds as burst. */
  readonly held: number
  /** Milli-GPUs it was refused as burst, and still wants. */
  readonly wanted: number
  readonly weight: number
}

/**
 * The index of what tenants hold by weight, among those that hold or want some. Null where nobody is refused, or nobody else is there:
 * while everybody has what they ask for, a difference between them is their own choice.
 */
export function jainIndex(tenants: Iterable<BurstOf>): number | null {
  const shares: number[] = []
  let isContended = false
  for (const { held, wanted, weight } of tenants) {
    if (held + wanted === 0 || weight === 0) continue
    shares.push(held / weight)
    isContended ||= wanted > 0
  }
  const sum = shares.reduce((total, share) => total + share, 0)
  const squares = shares.reduce((total, share) => total + share * share, 0)
  return isContended && shares.length > 1 && squares > 0 ? (sum * sum) / (shares.length * squares) : null
}
