import { formatGpus, ZERO } from '../quantity/amount.ts'
import type { Book } from '../quota/book.ts'
import { type Books, openBooks } from '../quota/books.ts'
import { partsOf } from '../quota/holding.ts'
import { type Charge, holdings } from '../quota/ledger.ts'
import type { QuotaTree } from '../quota/quota-tree.ts'
import { excessesOf, type Orphan, type Oversubscription } from '../quota/standing.ts'
import type { Quotas } from '../quota/tiers.ts'
import { excesses, type NamespaceMove, namespaceMoves, orphans } from '../quota/what-if.ts'
import type { DocumentName } from '../schema/parsed.ts'

/**
 * What a change of quotas would leave standing where it no longer belongs, a line each. Nobody is stopped by it: pods that run go
 * on, whatever their quota becomes, and who changes it should know. Looks at the trees that the document stands in and at tenants
 * that hold something: ten thousand others are not asked.
 */
export function stranded(
  name: DocumentName,
  before: Quotas,
  after: Quotas,
  bookOf: (tree: string) => Book | undefined,
): readonly string[] {
  const trees = new Set([...treesOf(name, before), ...treesOf(name, after)])
  const [former, future] = [narrowed(before, trees), narrowed(after, trees)]
  const charges = heldCharges(former, bookOf)
  const holders = new Set(charges.map(({ tenant }) => tenant))
  const books = { before: openBooks(former, charges), after: openBooks(future, charges, former) }
  return [
    ...newExcesses(holders, books.before, books.after).map(excess => overLine(excess, future)),
    ...orphans(former, future, charges).map(orphanLine),
    ...excesses(books.before, books.after).map(({ after: excess }) => excessLine(excess)),
    ...[...holders].flatMap(tenant => treeLine(tenant, former, future)),
    ...namespaceMoves(former, future).flatMap(move => moveLine(move, holders)),
  ]
}

/** The trees that a document can change: its own, or all of them where it says what a class weighs. */
function treesOf({ kind, name }: DocumentName, { trees, treeOfTenant }: Quotas): readonly string[] {
  switch (kind) {
    case 'TenantQuota': {
      const tree = treeOfTenant.get(name)
      return tree === undefined ? [] : [tree.name]
    }
    case 'Cohort': {
      const isPlace = ({ roles }: QuotaTree) => roles.some(role => role.kind === 'cohort' && role.cohort === name)
      return [...trees.values()].filter(isPlace).map(tree => tree.name)
    }
    default:
      return [...trees.keys()]
  }
}

function narrowed({ trees, treeOfTenant, tenantOfNamespace }: Quotas, names: ReadonlySet<string>): Quotas {
  const tenants = new Map([...treeOfTenant].filter(([, tree]) => names.has(tree.name)))
  return {
    trees: new Map([...trees].filter(([name]) => names.has(name))),
    treeOfTenant: tenants,
    tenantOfNamespace: new Map([...tenantOfNamespace].filter(([, tenant]) => tenants.has(tenant))),
  }
}

type Excess = ReturnType<typeof excessesOf>[number]

function newExcesses(holders: ReadonlySet<string>, before: Books, after: Books): readonly Excess[] {
  const placeOf = ({ tenant, class: key, tier }: Excess) => `${tenant} ${key} ${tier}`
  const former = new Map(excessesIn(before, holders).map(excess => [placeOf(excess), excess.over]))
  return excessesIn(after, holders).filter(excess => excess.over > (former.get(placeOf(excess)) ?? ZERO))
}

function excessesIn(books: Books, holders: ReadonlySet<string>): readonly Excess[] {
  return [...books.values()].flatMap(book =>
    [...book.quota.tenants.values()]
      .filter(({ spec }) => holders.has(spec.name))
      .flatMap(tenant => excessesOf(book, tenant)),
  )
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

function overLine({ tenant, class: key, tier, used, limit, over }: Excess, { treeOfTenant }: Quotas): string {
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
