/** The reclaim terms under which a tenant's pods stand. */
import type { QuotaTree } from '../../../quota/quota-tree.ts'
import type { Node } from '../../../quota/tree.ts'
import { DEFAULT_TERMS, type ReclaimTerms, type Snapshot } from '../../snapshot.ts'

/** Those of its cohort, or of the nearest one above that says something; of a tenant that is gone, those of the root. */
export function termsOf({ book: { quota }, terms }: Snapshot, tenant: string): ReclaimTerms {
  const home = quota.tenants.get(tenant)?.cohort ?? quota.tree.root
  for (let node: Node | null = home; node !== null; node = node.parent) {
    const said = terms.get(cohortAt(quota, node))
    if (said !== undefined) return said
  }
  return DEFAULT_TERMS
}

function cohortAt({ roles, name }: QuotaTree, node: Node): string {
  const role = roles[node.index]
  return role?.kind === 'cohort' ? role.cohort : name
}
