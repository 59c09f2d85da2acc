import type { Need } from '../../rebalance/need.ts'
import type { Step } from '../../rebalance/plan.ts'

/** Carries out the steps of a plan: on a cluster, on the pods of a standalone process, or on those of a simulation. */
export interface Hands {
  /**
   * Done at most once however often it is asked, so that a plan may be begun again after a crash. Rejects with nothing: what failed is
   * told by its outcome, and the next plan is made from what is seen then. The need is the one that the step is taken for, by which
   * people are told for whom; there is none for a promotion, or where it is gone.
   */
  carryOut(step: Step, need?: Need): Promise<Outcome>
}

export type Outcome =
  | { readonly kind: 'done' }
  /** What the step is about is no longer there, or no longer as the plan saw it. */
  | { readonly kind: 'stale'; readonly why: string }
  /** Something protects it at the moment, such as a PodDisruptionBudget. */
  | { readonly kind: 'blocked'; readonly why: string }
  | { readonly kind: 'failed'; readonly cause: unknown }
