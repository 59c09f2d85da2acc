/** The most that may be used at a node. */
import { type Amount, add, ZERO } from '../../quantity/amount.ts'
import { type QuotaTree, roleAt } from '../../quota/quota-tree.ts'
import { type Node, quotaAt } from '../../quota/tree.ts'

/** Of a class, in all; null where nothing bounds the node but its parent. What a tenant may not use at all is bounded by nothing. */
export function limitAt(quota: QuotaTree, node: Node, key: string): Amount | null {
  const role = roleAt(quota, node)
  // To the tree, a class without quota is one without limits; what keeps a tenant out is that its class is not listed.
  if (role.kind === 'tenant' && !node.quotas.has(key)) return ZERO
  const { subtree, borrowingLimit } = quotaAt(node, key)
  if (node.parent === null) return subtree
  return borrowingLimit === null ? null : add(subtree, borrowingLimit)
}
