/**
 * The limits between a request and its capacity, one after the other from the tenant's own to the root.
 *
 * Kueue's availability is a minimum: unrolled from the leaf, every borrowing limit on the way caps it at the local room
 * below it plus what may still pass it, and the root caps it at the local room below plus what is idle. Each such cap is
 * one step here; the least of them is what is available, and the step it comes from is the limit that binds.
 */
import { type Amount, add, most, subtract, ZERO } from '../quantity/amount.ts'
import { type QuotaTree, roleAt, upwards } from './quota-tree.ts'
import { type Node, quotaAt } from './tree.ts'
import { borrowable, type Usage, used } from './usage.ts'

export type Limit =
  | { readonly kind: 'reserved'; readonly tenant: string }
  | { readonly kind: 'shared-max'; readonly tenant: string }
  | { readonly kind: 'shared-pool'; readonly cohort: string }
  | { readonly kind: 'burst-limit'; readonly tenant: string }
  | { readonly kind: 'borrowing-limit'; readonly cohort: string }
  /** What the tenant may hold in all, over its tiers: of one class, or of all of them (null). */
  | { readonly kind: 'cap'; readonly tenant: string; readonly class: string | null }
  /** Somebody keeps idle capacity to themselves: a tenant's reservation, or a whole cohort. */
  | { readonly kind: 'lending-limit'; readonly owner: Owner; readonly hidden: Amount }
  /** All that the tree has is in use. */
  | { readonly kind: 'nothing-idle'; readonly cohort: string }

export type Owner =
  | { readonly kind: 'tenant'; readonly tenant: string }
  | { readonly kind: 'cohort'; readonly cohort: string }

export interface Step {
  readonly limit: Limit
  readonly node: Node
  readonly used: Amount
  readonly limited: Amount
  /** What this limit alone would let through; negative when a cut left it exceeded. */
  readonly room: Amount
}

/** What a node has and uses of one key. */
export interface NodeState {
  readonly subtree: Amount
  readonly local: Amount
  readonly borrowingLimit: Amount | null
  readonly used: Amount
}

/** Where a walk gets its numbers. A question such as "and without that limit?" passes its own. */
export type StateOf = (node: Node) => NodeState

export function stateIn(usage: Usage, key: string): StateOf {
  return node => ({ ...quotaAt(node, key), used: used(usage, node, key) })
}

export function stepsFrom(quota: QuotaTree, leaf: Node, stateOf: StateOf): readonly Step[] {
  const steps: Step[] = []
  let localRoom = ZERO
  for (const node of upwards(leaf)) {
    const { subtree, local, borrowingLimit, used } = stateOf(node)
    if (node.parent === null) {
      const room = add(localRoom, subtract(subtree, used))
      return [...steps, { limit: { kind: 'nothing-idle', cohort: quota.name }, node, used, limited: subtree, room }]
    }
    localRoom = add(localRoom, most(ZERO, subtract(local, used)))
    if (borrowingLimit === null) continue
    const room = add(localRoom, borrowable(subtree, local, used, borrowingLimit))
    steps.push({ limit: borrowingLimitOf(quota, node), node, used, limited: add(subtree, borrowingLimit), room })
  }
  return steps
}

/** The step with the least room; of several, the one nearest to the tenant, who can do most about it. */
export function tightest(steps: readonly Step[]): Step {
  return steps.reduce((least, step) => (step.room < least.room ? step : least))
}

function borrowingLimitOf(quota: QuotaTree, node: Node): Limit {
  const role = roleAt(quota, node)
  switch (role.kind) {
    case 'cohort':
      return { kind: 'borrowing-limit', cohort: role.cohort }
    case 'pool':
      return { kind: 'shared-pool', cohort: role.cohort }
    case 'tenant':
      return { kind: TENANT_LIMITS[role.tier], tenant: role.tenant }
  }
}

const TENANT_LIMITS = { reserved: 'reserved', shared: 'shared-max', burst: 'burst-limit' } as const
