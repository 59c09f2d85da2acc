/**
 * Whose turn it is to give back for the use at a node: from there down, always the child with the highest share, until a leaf is reached.
 *
 * The order is Kueue's (TargetClusterQueueOrdering), but total: equal shares go by name. Who borrows nothing is passed over with all below
 * it, so a cohort that keeps to its quota gives nothing to those outside. What is left of tenants that are gone counts at the root and
 * goes first. Shares of those not reached are computed once; a turn costs the depth and a logarithm of the siblings.
 */
import { subtract, ZERO } from '../../quantity/amount.ts'
import { type QuotaTree, roleAt } from '../../quota/quota-tree.ts'
import { compareShares, type Share, shareOf } from '../../quota/share.ts'
import { type Node, quotaAt } from '../../quota/tree.ts'
import { type Usage, used } from '../../quota/usage.ts'
import type { ReclaimableTier } from '../snapshot.ts'
import type { Unit } from '../units.ts'
import { type Before, dropTop, heaped, settleTop } from './heap.ts'

export interface Turns {
  /** The next unit to be asked, in the usage that taking or leaving the last one led to. Each is given out once. */
  next(usage: Usage): Unit | undefined
}

/** Where turns are taken: below a node, for a class, among those of a tier. */
export interface Range {
  readonly node: Node
  readonly class: string
  readonly tier: ReclaimableTier
}

/** The units of a leaf, in their order. */
export type UnitsInOrder = (leaf: Node) => readonly Unit[]

/** What a child with the highest share has to have for its turn, where there is such a thing. */
export interface Gate {
  /** Whether it may give anything. */
  isOpen(child: Node, usage: Usage): boolean
  /** Of one that may not: whether none of its siblings may either, whose shares are lower. */
  closesAll(child: Node, usage: Usage): boolean
  /** Those for whom it is not the measure. */
  isExempt(child: Node): boolean
}

export const NO_GATE: Gate = { isOpen: () => true, closesAll: () => false, isExempt: () => true }

export function turnsIn(quota: QuotaTree, range: Range, unitsInOrder: UnitsInOrder, gate: Gate = NO_GATE): Turns {
  const unitsAt = (node: Node) =>
    unitsInOrder(node)
      .filter(({ amounts, tier }) => tier === range.tier && amounts.has(range.class))
      .values()
  const orphans = range.node.parent === null ? unitsAt(range.node) : [].values()
  const top: Branch = { node: range.node, share: null, below: null }

  function nextIn(branch: Branch, usage: Usage): Unit | undefined {
    branch.below ??= isLeaf(quota, branch.node)
      ? { units: unitsAt(branch.node) }
      : { heap: borrowers(branch.node, usage) }
    if ('units' in branch.below) return branch.below.units.next().value
    const { heap } = branch.below
    refreshTop(heap, usage)
    for (let first = heap[0]; first !== undefined; first = heap[0]) {
      if (!gate.isExempt(first.node) && !gate.isOpen(first.node, usage)) {
        if (gate.closesAll(first.node, usage)) keep(heap, ({ node }) => gate.isExempt(node))
        else dropTop(heap, before)
        continue
      }
      const unit = nextIn(first, usage)
      if (unit !== undefined) return unit
      dropTop(heap, before)
    }
    return undefined
  }

  function borrowers(parent: Node, usage: Usage): Branch[] {
    const children = (usage.tree.children[parent.index] ?? []).filter(
      node => leadsTo(quota, node, range.tier) && isBorrowing(usage, node, range.class),
    )
    return heaped(
      children.map(node => ({ node, share: shareOf(usage, node, [range.class]), below: null })),
      before,
    )
  }

  // Only the first can have changed since the last turn, which was one of its own.
  function refreshTop(heap: Branch[], usage: Usage): void {
    const [first] = heap
    if (first === undefined || first.below === null) return
    first.share = shareOf(usage, first.node, [range.class])
    if (isBorrowing(usage, first.node, range.class)) settleTop(heap, before)
    else dropTop(heap, before)
  }

  return { next: usage => orphans.next().value ?? nextIn(top, usage) }
}

function keep(heap: Branch[], isKept: (branch: Branch) => boolean): void {
  const kept = heap.filter(isKept)
  heap.length = 0
  heap.push(...heaped(kept, before))
}

interface Branch {
  readonly node: Node
  share: Share | null
  below: { readonly units: ArrayIterator<Unit> } | { readonly heap: Branch[] } | null
}

const before: Before<Branch> = (a, b) => {
  const order = a.share === null || b.share === null ? 0 : compareShares(a.share, b.share)
  return order === 0 ? a.node.name < b.node.name : order > 0
}

export function isBorrowing(usage: Usage, node: Node, key: string): boolean {
  return subtract(used(usage, node, key), quotaAt(node, key).subtree) > ZERO
}

function isLeaf(quota: QuotaTree, node: Node): boolean {
  return roleAt(quota, node).kind === 'tenant'
}

function leadsTo(quota: QuotaTree, node: Node, tier: ReclaimableTier): boolean {
  const role = roleAt(quota, node)
  switch (role.kind) {
    case 'cohort':
      return true
    case 'pool':
      return tier === 'shared'
    case 'tenant':
      return role.tier === tier
  }
}
