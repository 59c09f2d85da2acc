import { ZERO } from '../../quantity/amount.ts'
import type { Book } from '../../quota/book.ts'
import { excessesOf, type Oversubscription, oversubscriptionsOf } from '../../quota/standing.ts'
import type { Quotas } from '../../quota/tiers.ts'
import type { Use } from './conditions.ts'

/** What cohorts and tenants have in use beyond their limits, by `Cohort lab`, `TenantQuota a`. */
export type UseByDocument = ReadonlyMap<string, Use>

const UNKNOWN: Use = { kind: 'unknown' }
const WITHIN: Use = { kind: 'known', excesses: [] }

/**
 * Looks at every tree whose book is another than it was; of the others, what was seen last is still so. The lines have no amounts:
 * those change with every pod, and each change would be a write. `kubectl sluice usage` has them.
 */
export function excessWatch(bookOf: (tree: string) => Book | undefined): (quotas: Quotas) => UseByDocument {
  let seen = new Map<string, { readonly book: Book; readonly uses: UseByDocument }>()
  return quotas => {
    const looked = new Map<string, { readonly book: Book; readonly uses: UseByDocument }>()
    const all = new Map<string, Use>()
    for (const tree of quotas.trees.values()) {
      for (const { name } of cohortsOf(tree)) all.set(`Cohort ${name}`, UNKNOWN)
      for (const tenant of tree.tenants.keys()) all.set(`TenantQuota ${tenant}`, UNKNOWN)
      const book = bookOf(tree.name)
      if (book === undefined) continue
      const former = seen.get(tree.name)
      const current = former?.book === book ? former : { book, uses: usesIn(book) }
      looked.set(tree.name, current)
      for (const [document, use] of current.uses) all.set(document, use)
    }
    seen = looked
    return all
  }
}

function cohortsOf({ roles }: Book['quota']): readonly { readonly name: string }[] {
  return roles.flatMap(role => (role.kind === 'cohort' ? [{ name: role.cohort }] : []))
}

function usesIn(book: Book): UseByDocument {
  const uses = new Map<string, Use>()
  for (const { name } of cohortsOf(book.quota)) uses.set(`Cohort ${name}`, WITHIN)
  const byCohort = Map.groupBy(oversubscriptionsOf(book), ({ cohort }) => cohort)
  for (const [cohort, found] of byCohort)
    uses.set(`Cohort ${cohort}`, { kind: 'known', excesses: found.map(cohortLine) })
  for (const [name, tenant] of book.quota.tenants) {
    const excesses = excessesOf(book, tenant).map(({ class: key, tier }) => tenantLine(key, tier))
    uses.set(`TenantQuota ${name}`, excesses.length === 0 ? WITHIN : { kind: 'known', excesses })
  }
  return uses
}

function cohortLine({ kind, class: key, reclaimable, stuck }: Oversubscription): string {
  const where = kind === 'pool' ? ' in the shared pool' : ''
  const outcomes = [
    ...(reclaimable > ZERO ? ['a part can be reclaimed'] : []),
    ...(stuck > ZERO ? ['a part stays until pods end'] : []),
  ]
  return `more ${key} is in use${where} than there is: ${outcomes.join(', ')}`
}

function tenantLine(key: string, tier: string): string {
  const outcome = tier === 'burst' ? 'it can be reclaimed' : 'it stays until pods end'
  return `more ${key} is in ${tier} use than the limits leave room for: ${outcome}`
}
