/**
 * A plan is data: every choice is made in it, and whoever carries it out makes none. Each step says what is done to whom, for whom, and
 * by which rule.
 */
import type { Claim } from '../quota/claim.ts'
import type { Amounts } from '../quota/usage.ts'
import type { Tier } from '../schema/parts.ts'
import type { Need } from './need.ts'
import type { ReclaimableTier } from './snapshot.ts'

export interface Plan {
  /** The moment of the snapshot it was made from. */
  readonly asOfMs: number
  /** In the order in which they are carried out. */
  readonly steps: readonly Step[]
  /** The needs that the steps meet, in the order in which they were met. */
  readonly met: readonly MetNeed[]
  /** The needs for which nothing is done, and why. */
  readonly unmet: readonly UnmetNeed[]
}

export interface MetNeed {
  readonly need: Need
  /** Who gives back for it: UIDs of pods, and keys of gangs whose holds lapse. Empty where what others gave back was enough. */
  readonly victims: readonly string[]
  /** False where a victim's cohort is only shown plans: then no step is made for this need. */
  readonly isApplied: boolean
}

export interface UnmetNeed {
  readonly need: Need
  readonly because: Obstacle
}

/** Why a need is not met; the first that holds. */
export type Obstacle =
  /** No node could host it, whoever left. */
  | 'no-node'
  /** Nobody holds anything that could be taken back for it. */
  | 'nobody'
  /** Those who could give back have no more than their share. */
  | 'fair-already'
  /** Victims are protected: by a PodDisruptionBudget, their minimum run time, an eviction budget, or mode Off. */
  | 'protected'
  /** It was not tried: too much was tried in vain before it, for its tenant or in all. */
  | 'not-tried'

export type Step = Promote | Lapse | Hold | Notify | Evict | Rescind

/** The rule by which a step is taken, as events, logs and the transcript name it. */
export type Rule =
  | 'own-reserved-is-free'
  | 'owner-came-back'
  | 'over-its-limit'
  | 'above-fair-share'
  | 'no-longer-needed'

/** A pod's charge moves to a better tier of its own tenant: first a claim of it there, then the pod's label. */
export interface Promote {
  readonly kind: 'promote'
  readonly rule: Rule
  readonly tenant: string
  /** One pod, or all of a gang. */
  readonly pods: readonly string[]
  readonly from: ReclaimableTier
  readonly to: Tier
  readonly amounts: Amounts
}

/** The room that a gang holds for members that have not come is given back: nobody has to be evicted for it. */
export interface Lapse {
  readonly kind: 'lapse'
  readonly rule: Rule
  readonly need: string
  readonly tenant: string
  readonly tier: ReclaimableTier
  readonly gang: string
  readonly amounts: Amounts
}

/** A claim is entered in the ledger. */
export interface Hold {
  readonly kind: 'hold'
  readonly rule: Rule
  readonly need: string
  readonly claim: Claim
}

/** Pods are told that they will be evicted: one, or all of a gang. */
export interface Notify {
  readonly kind: 'notify'
  readonly rule: Rule
  readonly need: string
  readonly tenant: string
  readonly tier: ReclaimableTier
  readonly pods: readonly string[]
  readonly deadlineMs: number
  /** Of all of them together. */
  readonly amounts: Amounts
}

/** The deadline of their notice has passed. */
export interface Evict {
  readonly kind: 'evict'
  readonly rule: Rule
  readonly need: string
  readonly tenant: string
  readonly tier: ReclaimableTier
  readonly pods: readonly string[]
  readonly amounts: Amounts
}

/** A notice is taken back: the need is gone, or others give back for it. */
export interface Rescind {
  readonly kind: 'rescind'
  readonly rule: Rule
  readonly need: string
  readonly tenant: string
  readonly pods: readonly string[]
}
