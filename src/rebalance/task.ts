/** One need as the search for victims sees it. */
import type { Amount } from '../quantity/amount.ts'
import type { Tenant } from '../quota/quota-tree.ts'
import type { Node } from '../quota/tree.ts'
import type { Amounts } from '../quota/usage.ts'
import type { Tier } from '../schema/parts.ts'
import type { Need } from './need.ts'
import type { ReclaimableTier } from './snapshot.ts'
import type { Views } from './views.ts'

export interface Task {
  readonly need: Need
  /** The deepest node first, since what is given back there is given back above as well. */
  readonly goals: readonly Goal[]
  /** Who gets it, for whom fairness decides; null where it is owed. */
  readonly claimant: Claimant | null
  /** Who waits, by what tells them apart: a node must have room for each. */
  readonly pods: ReadonlyMap<string, Amounts>
}

/** The use of a class at a node has to come down to `atMost`. */
export interface Goal {
  readonly view: keyof Views
  readonly node: Node
  readonly class: string
  readonly atMost: Amount
  /** Who gives back for it. */
  readonly tiers: readonly ReclaimableTier[]
}

export interface Claimant {
  readonly tenant: Tenant
  readonly tier: Tier
  readonly leaf: Node
  readonly amounts: Amounts
  /** Whether the ledger holds it already. */
  readonly isHeld: boolean
}
