/**
 * Claims: capacity that is held for somebody for whom the rebalancer frees it, or moves a pod's charge. Nobody else is admitted into
 * it, so what an eviction frees does not go to the first who asks (kueue#13662).
 *
 * A claim may stand on capacity that others still use. Whoever draws on it is admitted only once nothing on the way to the root is
 * used beyond its limits: until then the claim only keeps others out.
 */
import type { Tier } from '../schema/parts.ts'
import { idBits } from './id-bits.ts'
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

/** The key of a claim in a ledger: a tenant has one claim for each of those it is held for, in one tier. */
export function claimKey(tenant: string, heldFor: Claimant): string {
  return `${tenant}/${heldFor.kind}/${heldFor.kind === 'owner' ? heldFor.owner : heldFor.uid}`
}

/**
 * The 64 bits by which a claim knows the owner of a pod, its controller. UIDs come from whoever creates the pod, so one that is borrowed
 * from another namespace must not be that namespace's owner. Empty where there is no owner: nothing is ever claimed for those.
 */
export function ownerBits(namespace: string, uid: string): string {
  return uid === '' ? '' : idBits(`${namespace}/${uid}`)
}
