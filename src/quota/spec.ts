/** What the quota engine is told about cohorts and tenants. Plain values; whoever reads documents maps them to these. */
import type { Amount } from '../quantity/amount.ts'
import type { Quantity } from '../quantity/quantity.ts'
import type { QueueSystem, Tier } from '../schema/parts.ts'

export interface CohortSpec {
  readonly name: string
  readonly parent: string | null
  readonly weight: Quantity
  readonly classes: ReadonlyMap<string, CohortClass>
}

export interface CohortClass {
  readonly capacity: Amount
  readonly shared: Amount
  readonly burst: Amount
  /** The most taken from relatives; null: no limit. */
  readonly borrowingLimit: Amount | null
  /** The most given to relatives; null: all that is idle. */
  readonly lendingLimit: Amount | null
}

export interface TenantSpec {
  readonly name: string
  readonly cohort: string
  readonly namespaces: readonly string[]
  readonly weight: Quantity
  /** Tiers tried in turn for a pod that names none. */
  readonly tierOrder: readonly Tier[]
  /** What an excess does to a pod. The ledger books what Enforce would have admitted, whatever this says. */
  readonly enforcement: 'Enforce' | 'Warn' | 'Audit'
  /** The most it may hold of all classes together, over all tiers; null: no cap. */
  readonly cap: Amount | null
  /** Systems whose decision on a pod stands, though it does not fit; the ledger books only what fits. */
  readonly trustedQueues: readonly QueueSystem[]
  /** A class that is absent may not be used at all. */
  readonly classes: ReadonlyMap<string, TenantClass>
}

export interface TenantClass {
  readonly reserved: Amount
  /** null: the whole pool. */
  readonly sharedMax: Amount | null
  /** null: whatever is idle. */
  readonly burstLimit: Amount | null
  /** How much of an idle reservation others may borrow; null: all of it. */
  readonly lendingLimit: Amount | null
  /** The most it may hold over all tiers; null: no cap. */
  readonly cap: Amount | null
  readonly perPodMin: Amount | null
  readonly perPodMax: Amount | null
}
