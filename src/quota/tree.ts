/**
 * The static half of the quota engine: the shape of the cohort trees and what follows from it alone.
 *
 * The mathematics is Kueue's (pkg/cache/scheduler/resource_node.go). A node has, per key, a nominal quota, a borrowing
 * limit (null: none) and a lending limit (null: lends everything). Its subtree quota is its nominal plus what its
 * children let it see; its local quota is the part of that which its lending limit hides from its parent. Usage lives
 * elsewhere, so that several usages can be held against one shape.
 */
import { type Amount, add, least, most, subtract, ZERO } from '../quantity/amount.ts'
import { ONE, type Quantity } from '../quantity/quantity.ts'
import { type Parsed, parsed } from '../schema/parsed.ts'
import { type NodeSpec, nodeIssues, type Quota } from './node-spec.ts'

export interface NodeQuota extends Quota {
  /** Nominal plus what the children lend upwards. */
  readonly subtree: Amount
  /** The part of `subtree` that the parent never sees. */
  readonly local: Amount
}

export interface Node {
  readonly name: string
  /** Its place in `Tree.nodes`; a parent comes before its children. */
  readonly index: number
  readonly parent: Node | null
  readonly weight: Quantity
  readonly quotas: ReadonlyMap<string, NodeQuota>
}

export interface Tree {
  readonly root: Node
  readonly nodes: readonly Node[]
  /** Children by the index of their parent, in the order they were given. */
  readonly children: readonly (readonly Node[])[]
}

export interface Forest {
  readonly trees: readonly Tree[]
  readonly nodes: ReadonlyMap<string, Node>
}

export interface ForestOptions {
  /** A parent that nobody defines becomes a root without quota, as Kueue's cohorts do that exist by name only. */
  readonly implicitParents: boolean
}

/** Builds every tree, or says everything that is wrong with the nodes. */
export function buildForest(
  specs: readonly NodeSpec[],
  options: ForestOptions = { implicitParents: false },
): Parsed<Forest> {
  const all = options.implicitParents ? [...specs, ...implicitParents(specs)] : specs
  const issues = nodeIssues(all)
  if (issues.length > 0) return { ok: false, issues }

  const children = Map.groupBy(all, spec => spec.parent)
  const trees = (children.get(null) ?? []).map(root => plant(root, children))
  const nodes = new Map(trees.flatMap(tree => tree.nodes.map(node => [node.name, node] as const)))
  return parsed({ trees, nodes })
}

// A key that neither a node nor its children mention: no quota of its own, and no limit on what passes through.
const NO_QUOTA: NodeQuota = { nominal: ZERO, borrowingLimit: null, lendingLimit: null, subtree: ZERO, local: ZERO }

export function quotaAt(node: Node, key: string): NodeQuota {
  return node.quotas.get(key) ?? NO_QUOTA
}

/** What the node could use if nobody used anything. A request above it can never fit. */
export function potential(node: Node, key: string): Amount {
  const quota = quotaAt(node, key)
  if (node.parent === null) return quota.subtree
  const reachable = add(quota.local, potential(node.parent, key))
  return quota.borrowingLimit === null ? reachable : least(add(quota.subtree, quota.borrowingLimit), reachable)
}

function implicitParents(specs: readonly NodeSpec[]): readonly NodeSpec[] {
  const defined = new Set(specs.map(spec => spec.name))
  const missing = new Set(specs.map(spec => spec.parent).filter(parent => parent !== null && !defined.has(parent)))
  return [...missing].flatMap(name => (name === null ? [] : [{ name, parent: null, quotas: new Map() }]))
}

function plant(root: NodeSpec, childrenOf: ReadonlyMap<string | null, readonly NodeSpec[]>): Tree {
  const specs = parentsFirst(root, childrenOf)
  const quotas = subtreeQuotas(specs)
  const byName = new Map<string, Node>()
  const children: Node[][] = specs.map(() => [])
  const nodes = specs.map((spec, index): Node => {
    const parent = spec.parent === null ? null : (byName.get(spec.parent) ?? null)
    const node = {
      name: spec.name,
      index,
      parent,
      weight: spec.weight ?? ONE,
      quotas: quotas.get(spec.name) ?? new Map(),
    }
    byName.set(spec.name, node)
    if (parent !== null) children[parent.index]?.push(node)
    return node
  })
  return { root: rootOf(nodes), nodes, children }
}

function rootOf(nodes: readonly Node[]): Node {
  const [root] = nodes
  if (root === undefined) throw new Error('a tree has at least its root')
  return root
}

function parentsFirst(root: NodeSpec, childrenOf: ReadonlyMap<string | null, readonly NodeSpec[]>): NodeSpec[] {
  const order = [root]
  // The array grows while it is walked: breadth first, without recursion.
  for (const spec of order) {
    for (const child of childrenOf.get(spec.name) ?? []) order.push(child)
  }
  return order
}

function subtreeQuotas(parentsFirst: readonly NodeSpec[]): ReadonlyMap<string, ReadonlyMap<string, NodeQuota>> {
  const lentTo = new Map<string, Map<string, Amount>>()
  const quotas = new Map<string, ReadonlyMap<string, NodeQuota>>()
  for (const spec of parentsFirst.toReversed()) {
    const fromChildren = lentTo.get(spec.name) ?? new Map<string, Amount>()
    const own = quotasOf(spec, fromChildren)
    quotas.set(spec.name, own)
    if (spec.parent !== null) lend(lentTo, spec.parent, own)
  }
  return quotas
}

function quotasOf(spec: NodeSpec, fromChildren: ReadonlyMap<string, Amount>): ReadonlyMap<string, NodeQuota> {
  const keys = new Set([...spec.quotas.keys(), ...fromChildren.keys()])
  return new Map(
    [...keys].map(key => [key, nodeQuota(spec.quotas.get(key) ?? NO_QUOTA, fromChildren.get(key) ?? ZERO)]),
  )
}

function nodeQuota(quota: Quota, fromChildren: Amount): NodeQuota {
  const { nominal, borrowingLimit, lendingLimit } = quota
  const subtree = add(nominal, fromChildren)
  const local = lendingLimit === null ? ZERO : most(ZERO, subtract(subtree, lendingLimit))
  return { nominal, borrowingLimit, lendingLimit, subtree, local }
}

function lend(lentTo: Map<string, Map<string, Amount>>, parent: string, quotas: ReadonlyMap<string, NodeQuota>): void {
  const seen = lentTo.get(parent) ?? new Map<string, Amount>()
  for (const [key, { subtree, local }] of quotas) seen.set(key, add(seen.get(key) ?? ZERO, subtract(subtree, local)))
  lentTo.set(parent, seen)
}
