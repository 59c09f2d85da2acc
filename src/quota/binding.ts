/** Which limit binds: the tightest on the way, or the lending limit of somebody else that made it so. */
import { type Amount, add, most, subtract, ZERO } from '../quantity/amount.ts'
import type { Book } from './book.ts'
import { censusOf } from './census.ts'
import { type NodeState, type Owner, type StateOf, type Step, stateIn, stepsFrom, tightest } from './limits.ts'
import { type QuotaTree, roleAt } from './quota-tree.ts'
import { type Node, quotaAt } from './tree.ts'
import type { Usage } from './usage.ts'

/**
 * The limit to name: one whose removal alone would let more through, if there is such a one.
 *
 * A limit that binds alone is that. Where nothing is left at the root, or where a cohort's borrowing limit is as tight as
 * another of the way so that lifting it gains nothing, capacity may still be idle behind a lending limit, and to lend it
 * would widen all of them; then the largest such limit is named. Where there is none, it is the nearest of the tightest.
 */
export function bindingStep(book: Book, view: Usage, leaf: Node, key: string, path: readonly Step[]): Step {
  const { quota } = book
  const step = tightest(path)
  if (!isWidenedByLending(step, path)) return step
  const caps = path.filter(({ limit }) => limit.kind === 'cap')
  const hider = censusOf(book)
    .hiders(view, key)
    .find(({ node }) => {
      const without = stepsFrom(quota, leaf, withoutLendingLimit(stateIn(view, key), node, key))
      return tightest([...caps, ...without]).room > step.room
    })
  if (hider === undefined) return step
  return { ...step, limit: { kind: 'lending-limit', owner: ownerOf(quota, hider.node), hidden: hider.amount } }
}

// What others lend widens cohorts. A tenant's own limits and its pool stay as they are.
function isWidenedByLending(step: Step, path: readonly Step[]): boolean {
  if (step.limit.kind === 'nothing-idle') return true
  return step.limit.kind === 'borrowing-limit' && path.some(other => other !== step && other.room === step.room)
}

/** The states of all nodes if one of them lent everything: its ancestors see more of its quota, and more of its use. */
function withoutLendingLimit(stateOf: StateOf, node: Node, key: string): StateOf {
  const changed = new Map<Node, NodeState>()
  let at = node
  let after: NodeState = { ...stateOf(node), local: ZERO }
  changed.set(at, after)
  while (at.parent !== null) {
    const parent = stateOf(at.parent)
    const before = stateOf(at)
    const subtree = add(parent.subtree, subtract(visibleQuota(after), visibleQuota(before)))
    const used = add(parent.used, subtract(visibleUse(after), visibleUse(before)))
    after = { ...parent, subtree, used, local: localOf(subtree, quotaAt(at.parent, key).lendingLimit) }
    at = at.parent
    changed.set(at, after)
  }
  return other => changed.get(other) ?? stateOf(other)
}

function visibleQuota({ subtree, local }: NodeState): Amount {
  return subtract(subtree, local)
}

function visibleUse({ used, local }: NodeState): Amount {
  return most(ZERO, subtract(used, local))
}

function localOf(subtree: Amount, lendingLimit: Amount | null): Amount {
  return lendingLimit === null ? ZERO : most(ZERO, subtract(subtree, lendingLimit))
}

function ownerOf(quota: QuotaTree, node: Node): Owner {
  const role = roleAt(quota, node)
  return role.kind === 'tenant' ? { kind: 'tenant', tenant: role.tenant } : { kind: 'cohort', cohort: role.cohort }
}
