/**
 * How cohorts and tenants become trees. The tree knows nothing of tiers; this is the one place that does both.
 *
 *   cohort C            nominal = burst pool; borrowing and lending limits towards its parent
 *   ├── C's pool        nominal = shared pool, borrowing limit 0 (lends what is idle)
 *   │   └── t shared    nominal 0, borrowing limit = the tenant's shared maximum
 *   ├── t reserved      nominal = reserved, borrowing limit 0, lending limit = the tenant's
 *   └── t burst         nominal 0, borrowing limit = the tenant's burst limit
 *
 * Cohorts and the leaves of tenants have the weights they were given; a pool never borrows, so nothing weighs it.
 */
import { type Amount, ZERO } from '../quantity/amount.ts'
import type { Issue } from '../schema/parsed.ts'
import type { Tier } from '../schema/parts.ts'
import type { NodeSpec, Quota } from './node-spec.ts'
import { type QuotaTree, quotaTree, type Role, type Tenant } from './quota-tree.ts'
import type { CohortSpec, TenantClass, TenantSpec } from './spec.ts'
import { specErrors } from './spec-errors.ts'
import { specWarnings } from './spec-warnings.ts'
import { buildForest, type Forest, type Node, type Tree } from './tree.ts'

/** Everything admission needs to know of the quotas: which tenant a namespace is, and the tree a tenant lives in. */
export interface Quotas {
  /** By the name of the root cohort, which is also the name of the tree's ledger. */
  readonly trees: ReadonlyMap<string, QuotaTree>
  readonly treeOfTenant: ReadonlyMap<string, QuotaTree>
  readonly tenantOfNamespace: ReadonlyMap<string, string>
}

export type Compiled =
  | { readonly ok: true; readonly value: Quotas; readonly warnings: readonly Issue[] }
  | { readonly ok: false; readonly errors: readonly Issue[] }

/** Compiles the quotas, or says every reason why they make no sense. */
export function compileQuotas(cohorts: readonly CohortSpec[], tenants: readonly TenantSpec[]): Compiled {
  const errors = specErrors(cohorts, tenants)
  if (errors.length > 0) return { ok: false, errors }

  const members = Map.groupBy(tenants, tenant => tenant.cohort)
  const parts = [
    ...cohorts.flatMap(cohort => cohortParts(cohort, members.get(cohort.name) ?? [])),
    ...tenants.flatMap(tenantParts),
  ]
  const forest = buildForest(parts)
  if (!forest.ok) return { ok: false, errors: forest.issues }

  const roles = new Map(parts.map(part => [part.name, part.role]))
  const value = quotasOf(forest.value, roles, tenants)
  return { ok: true, value, warnings: specWarnings(cohorts, tenants, value.trees.values()) }
}

// Each name starts with a word of ours and a colon, so no name a person chooses can collide with another node's.
const cohortNode = (cohort: string) => `cohort:${cohort}`
const poolNode = (cohort: string) => `pool:${cohort}`
const leafNode = (tenant: string, tier: Tier) => `${tier}:${tenant}`

interface Part extends NodeSpec {
  readonly role: Role
}

function cohortParts(cohort: CohortSpec, members: readonly TenantSpec[]): readonly Part[] {
  return [
    {
      name: cohortNode(cohort.name),
      parent: cohort.parent === null ? null : cohortNode(cohort.parent),
      weight: cohort.weight,
      role: { kind: 'cohort', cohort: cohort.name },
      quotas: mapped(cohort.classes, limits => quota(limits.burst, limits.borrowingLimit, limits.lendingLimit)),
    },
    {
      name: poolNode(cohort.name),
      parent: cohortNode(cohort.name),
      role: { kind: 'pool', cohort: cohort.name },
      quotas: poolQuotas(cohort, members),
    },
  ]
}

// A node limits only the keys it has a quota for. A class that the tenants of a cohort may use and the cohort says nothing
// about has a pool of nothing, not one without end.
function poolQuotas(cohort: CohortSpec, members: readonly TenantSpec[]): ReadonlyMap<string, Quota> {
  const classes = new Set([...cohort.classes.keys(), ...members.flatMap(tenant => [...tenant.classes.keys()])])
  return new Map([...classes].map(key => [key, quota(cohort.classes.get(key)?.shared ?? ZERO, ZERO)]))
}

function tenantParts(tenant: TenantSpec): readonly Part[] {
  const leaf = (tier: Tier, parent: string, limits: (limits: TenantClass) => Quota): Part => ({
    name: leafNode(tenant.name, tier),
    parent,
    weight: tenant.weight,
    role: { kind: 'tenant', tenant: tenant.name, tier },
    quotas: mapped(tenant.classes, limits),
  })
  return [
    leaf('reserved', cohortNode(tenant.cohort), limits => quota(limits.reserved, ZERO, limits.lendingLimit)),
    leaf('shared', poolNode(tenant.cohort), limits => quota(ZERO, limits.sharedMax)),
    leaf('burst', cohortNode(tenant.cohort), limits => quota(ZERO, limits.burstLimit)),
  ]
}

function quota(nominal: Amount, borrowingLimit: Amount | null, lendingLimit: Amount | null = null): Quota {
  return { nominal, borrowingLimit, lendingLimit }
}

function quotasOf(forest: Forest, roles: ReadonlyMap<string, Role>, tenants: readonly TenantSpec[]): Quotas {
  const placed = tenants.map(spec => placeTenant(forest, spec))
  const tenantsByRoot = Map.groupBy(placed, tenant => rootOf(tenant.cohort))
  const trees = forest.trees.map(tree =>
    quotaTree(rootCohort(tree, roles), tree, tenantsByRoot.get(tree.root) ?? [], node => roleOf(roles, node)),
  )
  return {
    trees: new Map(trees.map(tree => [tree.name, tree])),
    treeOfTenant: new Map(trees.flatMap(tree => [...tree.tenants.keys()].map(name => [name, tree] as const))),
    tenantOfNamespace: new Map(tenants.flatMap(spec => spec.namespaces.map(name => [name, spec.name] as const))),
  }
}

function placeTenant(forest: Forest, spec: TenantSpec): Tenant {
  const leaf = (tier: Tier) => nodeOf(forest, leafNode(spec.name, tier))
  return {
    spec,
    cohort: nodeOf(forest, cohortNode(spec.cohort)),
    leaves: { reserved: leaf('reserved'), shared: leaf('shared'), burst: leaf('burst') },
  }
}

function rootCohort(tree: Tree, roles: ReadonlyMap<string, Role>): string {
  const role = roleOf(roles, tree.root)
  if (role.kind !== 'cohort') throw new Error(`the root ${tree.root.name} is no cohort`)
  return role.cohort
}

function roleOf(roles: ReadonlyMap<string, Role>, node: Node): Role {
  const role = roles.get(node.name)
  if (role === undefined) throw new Error(`nobody knows what ${node.name} is for`)
  return role
}

function nodeOf(forest: Forest, name: string): Node {
  const node = forest.nodes.get(name)
  if (node === undefined) throw new Error(`the compiled forest has no ${name}`)
  return node
}

function rootOf(node: Node): Node {
  return node.parent === null ? node : rootOf(node.parent)
}

function mapped<V, W>(map: ReadonlyMap<string, V>, change: (value: V) => W): ReadonlyMap<string, W> {
  return new Map([...map].map(([key, value]) => [key, change(value)]))
}
