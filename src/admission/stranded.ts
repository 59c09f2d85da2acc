import { formatGpus, ZERO } from '../quantity/amount.ts'
import type { Book } from '../quota/book.ts'
import { partsOf } from '../quota/holding.ts'
import { type Charge, holdings } from '../quota/ledger.ts'
import type { Orphan, Oversubscription, Standing } from '../quota/standing.ts'
import type { Quotas } from '../quota/tiers.ts'
import { type NamespaceMove, whatIf } from '../quota/what-if.ts'

/**
 * What a change of quotas would leave standing where it no longer belongs, a line each. Nobody is stopped by it: pods that run go
 * on, whatever their quota becomes, and who changes it should know.
 */
export function stranded(before: Quotas, after: Quotas, bookOf: (tree: string) => Book | undefined): readonly string[] {
  const charges = heldCharges(before, bookOf)
  const holders = new Set(charges.map(({ tenant }) => tenant))
  const change = whatIf(before, after, charges)
  return [
    ...change.over.map(({ after: standing }) => overLine(standing, after)),
    ...change.orphans.map(orphanLine),
    ...change.oversubscribed.map(({ after: excess }) => excessLine(excess)),
    ...[...holders].flatMap(tenant => treeLine(tenant, before, after)),
    ...change.moves.flatMap(move => moveLine(move, holders)),
  ]
}

/** What the ledgers hold, as charges: whose pods they are does not matter here. */
function heldCharges({ trees }: Quotas, bookOf: (tree: string) => Book | undefined): readonly Charge[] {
  const parts = [...trees.keys()].flatMap(tree => {
    const book = bookOf(tree)
    return book === undefined ? [] : [...holdings(book.ledger)].flatMap(partsOf)
  })
  return parts
    .filter(({ amounts }) => amounts.size > 0)
    .map(part => ({ ...part, uid: `${part.tenant}/${part.tier}`, gang: null, expiresAtMs: 0, bookedBy: '' }))
}

function overLine({ tenant, class: key, tier, used, limit, over }: Standing, { treeOfTenant }: Quotas): string {
  const isListed = treeOfTenant.get(tenant)?.tenants.get(tenant)?.spec.classes.has(key) === true
  const scope = `${tenant} has ${formatGpus(used)} ${key} in ${tier} use`
  if (!isListed) return `${scope} and no more quota for the class: they stay until their pods end`
  const outcome = tier === 'burst' ? 'can be reclaimed' : 'stay until pods end'
  return `${scope}, and would be allowed ${formatGpus(limit)}: ${formatGpus(over)} ${outcome}`
}

function orphanLine({ tenant, class: key, tier, used }: Orphan): string {
  return `${tenant} still has ${formatGpus(used)} ${key} in ${tier} use: its pods run on, in nobody's quota`
}

function excessLine({ kind, cohort, class: key, used, limit, reclaimable, stuck }: Oversubscription): string {
  const what = kind === 'pool' ? `the shared pool of Cohort ${cohort}` : `Cohort ${cohort}`
  const outcomes = [
    ...(reclaimable > ZERO ? [`${formatGpus(reclaimable)} can be reclaimed`] : []),
    ...(stuck > ZERO ? [`${formatGpus(stuck)} stay until pods end`] : []),
  ]
  return `${what} has ${formatGpus(used)} ${key} in use, and would have ${formatGpus(limit)}: ${outcomes.join(', ')}`
}

function treeLine(tenant: string, before: Quotas, after: Quotas): readonly string[] {
  const [from, to] = [before.treeOfTenant.get(tenant)?.name, after.treeOfTenant.get(tenant)?.name]
  if (from === undefined || to === undefined || from === to) return []
  return [
    `${tenant} moves from the tree of Cohort ${from} to that of ${to}: what it holds follows when it is counted again`,
  ]
}

function moveLine({ namespace, before, after }: NamespaceMove, holders: ReadonlySet<string>): readonly string[] {
  if (before === null || !holders.has(before)) return []
  return [
    `namespace ${namespace} goes from ${before} to ${after ?? 'nobody'}: pods that run there stay charged to ${before}`,
  ]
}
