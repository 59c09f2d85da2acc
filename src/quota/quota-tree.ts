/** One compiled cohort tree: its nodes, what each is for, and the tenants that live in it. */
import { ZERO } from '../quantity/amount.ts'
import { ONE } from '../quantity/quantity.ts'
import type { Tier } from '../schema/parts.ts'
import type { TenantSpec } from './spec.ts'
import type { Node, Tree } from './tree.ts'

export interface QuotaTree {
  /** The root cohort. */
  readonly name: string
  readonly tree: Tree
  readonly tenants: ReadonlyMap<string, Tenant>
  /** By `Node.index`. */
  readonly roles: readonly Role[]
  /** By class, the nodes that keep part of their quota to themselves. */
  readonly lendingLimited: ReadonlyMap<string, readonly Node[]>
}

export interface Tenant {
  readonly spec: TenantSpec
  readonly cohort: Node
  readonly leaves: Readonly<Record<Tier, Node>>
}

export type Role =
  | { readonly kind: 'cohort'; readonly cohort: string }
  | { readonly kind: 'pool'; readonly cohort: string }
  | { readonly kind: 'tenant'; readonly tenant: string; readonly tier: Tier }

export function quotaTree(
  name: string,
  tree: Tree,
  tenants: readonly Tenant[],
  roleOf: (node: Node) => Role,
): QuotaTree {
  return {
    name,
    tree,
    tenants: new Map(tenants.map(tenant => [tenant.spec.name, tenant])),
    roles: tree.nodes.map(roleOf),
    lendingLimited: lendingLimited(tree),
  }
}

function lendingLimited({ nodes }: Tree): ReadonlyMap<string, readonly Node[]> {
  const pairs = nodes
    .filter(node => node.parent !== null)
    .flatMap(node => [...node.quotas].filter(([, { local }]) => local > ZERO).map(([key]) => ({ key, node })))
  return new Map([...Map.groupBy(pairs, ({ key }) => key)].map(([key, found]) => [key, found.map(({ node }) => node)]))
}

/** The tree of a cohort that is no longer defined: no quota, no tenants. */
export function bareQuotaTree(name: string): QuotaTree {
  const root = { name, index: 0, parent: null, weight: ONE, quotas: new Map() }
  return quotaTree(name, { root, nodes: [root], children: [[]] }, [], () => ({ kind: 'cohort', cohort: name }))
}

export function roleAt(quota: QuotaTree, node: Node): Role {
  const role = quota.roles[node.index]
  if (role === undefined) throw new Error(`${node.name} is not a node of the tree ${quota.name}`)
  return role
}

/** The node itself, its parent, and so on to the root. */
export function* upwards(node: Node): Generator<Node> {
  for (let at: Node | null = node; at !== null; at = at.parent) yield at
}
