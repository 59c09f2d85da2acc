/** For whom a need of fairness takes something: in which tier, and at which leaf. */
import type { Tenant } from '../../../quota/quota-tree.ts'
import type { Node } from '../../../quota/tree.ts'
import type { Snapshot } from '../../snapshot.ts'
import type { Load } from '../counting/balance.ts'
import type { Served } from '../course.ts'

export interface Claimant {
  readonly tenant: Tenant
  readonly load: Load
  readonly leaf: Node
}

/** undefined for needs that are owed, and where there is no such tenant. */
export function claimantOf({ book }: Snapshot, { met: { need }, held }: Served): Claimant | undefined {
  const load = need.kind === 'claim' ? need.claim : held
  const tenant = load === null ? undefined : book.quota.tenants.get(load.tenant)
  return load === null || tenant === undefined ? undefined : { tenant, load, leaf: tenant.leaves[load.tier] }
}

export function isFairness({ met: { need } }: Served): boolean {
  return need.kind === 'claim' || need.kind === 'refused'
}
