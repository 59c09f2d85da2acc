/** Which reclaim settings apply where. */
import { type QuotaTree, roleAt, upwards } from '../quota/quota-tree.ts'
import type { Node } from '../quota/tree.ts'
import { DEFAULT_TERMS, type ReclaimTerms, type Snapshot } from './snapshot.ts'

/** The terms of the nearest cohort above a node that has some. */
export function termsAt({ book, terms }: Pick<Snapshot, 'book' | 'terms'>, node: Node): ReclaimTerms {
  for (const at of upwards(node)) {
    const cohort = cohortOf(book.quota, at)
    const own = cohort === undefined ? undefined : terms.get(cohort)
    if (own !== undefined) return own
  }
  return DEFAULT_TERMS
}

function cohortOf(quota: QuotaTree, node: Node): string | undefined {
  const role = roleAt(quota, node)
  return role.kind === 'tenant' ? undefined : role.cohort
}
