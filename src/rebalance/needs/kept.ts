/** What stays in use at a node whoever gives back. A need that asked for less would be met by nobody, and so take nothing from anybody. */
import { type Amount, add, least, most, subtract, ZERO } from '../../quantity/amount.ts'
import { type QuotaTree, roleAt } from '../../quota/quota-tree.ts'
import { type Node, quotaAt } from '../../quota/tree.ts'
import { type Usage, used } from '../../quota/usage.ts'

/** What is reserved, also above a quota that was cut, and what those below use of their own without borrowing. */
export function keptAt(quota: QuotaTree, usage: Usage, node: Node, key: string): Amount {
  const role = roleAt(quota, node)
  if (role.kind === 'tenant') return role.tier === 'reserved' ? used(usage, node, key) : ZERO
  return (usage.tree.children[node.index] ?? []).reduce((kept, child) => {
    const { subtree, local } = quotaAt(child, key)
    const own = least(used(usage, child, key), subtree)
    const ofChild = most(own, keptAt(quota, usage, child, key))
    return add(kept, most(ZERO, subtract(ofChild, local)))
  }, ZERO)
}
