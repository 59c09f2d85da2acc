/**
 * Whether a book has moved so that a plan made from another might take more than is needed. Whoever holds more by now is no reason to
 * give a plan up: what was to be given back has to be all the same.
 */
import type { Book } from '../../quota/book.ts'
import { excess, NOTHING_HELD } from '../../quota/holding.ts'
import { changedHoldings } from '../../quota/ledger.ts'
import type { NodeQuota, Tree } from '../../quota/tree.ts'
import { TIERS } from '../../schema/parts.ts'

export function hasMoved(before: Book, now: Book): boolean {
  return !hasSameLimits(before.quota.tree, now.quota.tree) || hasGivenBack(before, now)
}

function hasGivenBack(before: Book, now: Book): boolean {
  return changedHoldings(before.ledger, now.ledger).some(({ before: former = NOTHING_HELD, after = NOTHING_HELD }) =>
    TIERS.some(tier => excess(former[tier], after[tier]).size > 0),
  )
}

// Quotas are compiled anew whenever anything changes that they may depend on, which most of the time leaves them as they were.
function hasSameLimits(before: Tree, now: Tree): boolean {
  if (before === now) return true
  return (
    before.nodes.length === now.nodes.length &&
    before.nodes.every((node, index) => {
      const other = now.nodes[index]
      return other !== undefined && node.name === other.name && hasSameQuotas(node.quotas, other.quotas)
    })
  )
}

function hasSameQuotas(before: ReadonlyMap<string, NodeQuota>, now: ReadonlyMap<string, NodeQuota>): boolean {
  return (
    before.size === now.size &&
    before.entries().every(([key, { nominal, borrowingLimit, lendingLimit, subtree }]) => {
      const other = now.get(key)
      return (
        other?.nominal === nominal &&
        other.subtree === subtree &&
        other.borrowingLimit === borrowingLimit &&
        other.lendingLimit === lendingLimit
      )
    })
  )
}
