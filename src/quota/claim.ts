/**
 * Claims: capacity that is held for somebody for whom the rebalancer frees it, or moves a pod's charge. Nobody else is admitted into
 * it, so what an eviction frees does not go to the first who asks (kueue#13662).
 *
 * A claim may stand on capacity that others still use. Whoever draws on it is admitted only once nothing on the way to the root is
 * used beyond its limits: until then the claim only keeps others out.
 */
import type { Tier } from '../schema/parts.ts'
import type { Amounts } from './usage.ts'

export interface Claim {
  readonly tenant: string
  readonly tier: Tier
  /** What is still held; less each time somebody for whom it is held is admitted. */
  readonly amounts: Amounts
  readonly heldFor: Claimant
  /** The claim lapses then, as seen by the leader's count. */
  readonly untilMs: number
}

export type Claimant =
  /** Pods of one owner, by the 64 bits that `ownerBits` gives. */
  | { readonly kind: 'owner'; readonly owner: string }
  /**
   * A pod that is there, whose charge moves to this tier. Nobody draws on it; it ends in the same recount that counts the pod in the
   * tier, or finds it gone.
   */
  | { readonly kind: 'pod'; readonly uid: string }
