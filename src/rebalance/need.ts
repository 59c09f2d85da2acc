/** Why somebody has to give something back. */
import type { Amount } from '../quantity/amount.ts'
import type { Claim } from '../quota/claim.ts'
import type { Node } from '../quota/tree.ts'
import type { RefusedDemand } from './snapshot.ts'

/**
 * - `entitled`: reserved or shared use was admitted into capacity that is lent out, and a pod waits for it.
 * - `excess`: more is used than there is, and nobody in particular waits: a quota was cut, or nodes were lost.
 * - `claim`: a claim of the ledger stands on capacity that others still use.
 * - `refused`: demand of the last minutes that was refused while its tenant has less than its fair share.
 *
 * They are met in this order, and within a kind in a total order, so one snapshot has one list of needs.
 */
export type Need = EntitledNeed | ExcessNeed | ClaimNeed | RefusedNeed

/**
 * What must be gone: the use of a class at a node, burst included, has to come down to `atMost`. Claims of owners that count there are in
 * both; they take from nobody by standing there.
 */
interface OverNode {
  readonly node: Node
  readonly class: string
  readonly atMost: Amount
}

export interface EntitledNeed extends OverNode {
  readonly kind: 'entitled'
  /** Stable over cycles for as long as the need is the same one. */
  readonly id: string
  readonly tenant: string
  /** UIDs of the pods that wait for it: one, or those of a gang. */
  readonly pods: readonly string[]
  readonly sinceMs: number
}

export interface ExcessNeed extends OverNode {
  readonly kind: 'excess'
  readonly id: string
  /** Whose limit it is: a tenant's own, or a cohort's. */
  readonly of: { readonly kind: 'tenant' | 'cohort' | 'pool'; readonly name: string }
}

export interface ClaimNeed {
  readonly kind: 'claim'
  /** The same as that of the refused need the claim was made for: who was given notice for one has been given it for the other. */
  readonly id: string
  /** Its key in the ledger. */
  readonly key: string
  readonly claim: Claim
}

export interface RefusedNeed {
  readonly kind: 'refused'
  readonly id: string
  readonly demand: RefusedDemand
}
