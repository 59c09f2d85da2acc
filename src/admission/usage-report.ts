import type { Book } from '../quota/book.ts'
import { type QuotaTree, type Tenant, upwards } from '../quota/quota-tree.ts'
import {
  type Orphan,
  type Oversubscription,
  orphansOf,
  oversubscriptionsAt,
  oversubscriptionsOf,
  type Standing,
  tenantStandings,
} from '../quota/standing.ts'
import type { Quotas } from '../quota/tiers.ts'
import { failed, type Parsed, parsed } from '../schema/parsed.ts'
import type { Cluster } from './cluster.ts'
import { quoted } from './text.ts'

/** Who uses what of which quota, and what is held beyond it. */
export interface UsageReport {
  readonly tenants: readonly TenantUsage[]
  /** Cohorts and pools that hold more than they may: of one tenant, those on its way to the root. */
  readonly oversubscribed: readonly Oversubscription[]
  /** Use of tenants that are not defined; told only where all tenants are. */
  readonly orphans: readonly Orphan[]
}

export interface TenantUsage {
  readonly tenant: string
  readonly cohort: string
  /** How long the tenant is warned before what it borrows is taken back. */
  readonly noticeSeconds: number
  readonly standings: readonly Standing[]
}

export type BookOf = (tree: string) => Book | undefined

/** The tenant that is meant by its own name or by one of its namespaces. */
export function tenantMeant(
  { tenant, namespace }: { readonly tenant?: string | undefined; readonly namespace?: string | undefined },
  quotas: Quotas,
): Parsed<string> {
  if (tenant !== undefined) {
    const isKnown = quotas.treeOfTenant.has(tenant)
    return isKnown ? parsed(tenant) : failed({ at: 'tenant', problem: `no TenantQuota is named ${quoted(tenant)}` })
  }
  const owner = quotas.tenantOfNamespace.get(namespace ?? '')
  if (owner !== undefined) return parsed(owner)
  return failed({ at: 'namespace', problem: `${quoted(namespace ?? '')} belongs to no tenant` })
}

/**
 * What one tenant uses. Costs the depth of its tree for each of its classes, and the size of a cohort once per book where it
 * borrows. A tree whose book is unknown tells nothing.
 */
export function usageOfTenant(tenant: string, cluster: Cluster, bookOf: BookOf): UsageReport {
  const tree = cluster.quotas.treeOfTenant.get(tenant)
  const known = tree?.tenants.get(tenant)
  const book = tree === undefined ? undefined : bookOf(tree.name)
  if (known === undefined || book === undefined) return { tenants: [], oversubscribed: [], orphans: [] }
  const { parent: pool } = known.leaves.shared
  const nodes = [...upwards(known.cohort), ...(pool === null ? [] : [pool])]
  return {
    tenants: [tenantUsage(book, known, cluster)],
    oversubscribed: nodes.flatMap(node => oversubscriptionsAt(book, node)),
    orphans: [],
  }
}

/** What everybody uses, by the name of the tenant. */
export function usageOfAll(cluster: Cluster, bookOf: BookOf): UsageReport {
  const books = [...cluster.quotas.trees.keys()].flatMap(tree => bookOf(tree) ?? [])
  return {
    tenants: books
      .flatMap(book => tenantsOf(book.quota).map(tenant => tenantUsage(book, tenant, cluster)))
      .toSorted((a, b) => (a.tenant < b.tenant ? -1 : 1)),
    oversubscribed: books.flatMap(oversubscriptionsOf),
    orphans: books.flatMap(orphansOf),
  }
}

function tenantsOf({ tenants }: QuotaTree): readonly Tenant[] {
  return [...tenants.values()]
}

function tenantUsage(book: Book, tenant: Tenant, cluster: Cluster): TenantUsage {
  const { name, cohort } = tenant.spec
  return {
    tenant: name,
    cohort,
    noticeSeconds: cluster.noticeSecondsOf(name),
    standings: tenantStandings(book, tenant),
  }
}
