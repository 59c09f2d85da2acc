/** One need as the search for victims sees it. */
import type { Amount } from '../quantity/amount.ts'
import type { Node } from '../quota/tree.ts'
import type { Amounts } from '../quota/usage.ts'
import type { Need } from './need.ts'
import type { ReclaimableTier } from './snapshot.ts'

export interface Task {
  readonly need: Need
  /** All of them have to be reached; the deepest node first, since what is given back there is given back above as well. */
  readonly goals: readonly Goal[]
  /** Who gets it, for whom fairness decides; null where it is owed. */
  readonly claimant: Claimant | null
  /** What each pod that waits asks for: a node must have room for it. */
  readonly pods: readonly Amounts[]
}

export interface Goal {
  readonly node: Node
  readonly class: string
  /** The use of the class at the node has to come down to this. */
  readonly atMost: Amount
  /** Who gives back for it, one tier after the other. */
  readonly tiers: readonly ReclaimableTier[]
}

export interface Claimant {
  readonly leaf: Node
  readonly amounts: Amounts
}
