/** The books of all trees at once, from charges alone: what the ledgers would hold if exactly these pods ran. */
import { type Book, openBook } from './book.ts'
import { type Charge, ledgerOf } from './ledger.ts'
import type { Quotas } from './tiers.ts'

/** By the name of the tree. */
export type Books = ReadonlyMap<string, Book>

/**
 * Opens every tree's book on the charges of its tenants. A charge stands in the tree of its tenant as `quotas` have it, so
 * it moves with a tenant that moved; that of a tenant they no longer define stays in the tree where `former` had it, as a
 * ledger does that nobody has cleaned up. Where that tree is gone too, it counts nowhere.
 */
export function openBooks(quotas: Quotas, charges: Iterable<Charge>, former: Quotas = quotas): Books {
  const byTree = Map.groupBy(
    charges,
    ({ tenant }) => (quotas.treeOfTenant.get(tenant) ?? former.treeOfTenant.get(tenant))?.name,
  )
  return new Map(
    [...quotas.trees.values()].map(tree => [tree.name, openBook(tree, ledgerOf(byTree.get(tree.name) ?? []))]),
  )
}
