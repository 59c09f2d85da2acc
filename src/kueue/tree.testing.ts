/** Trees of quotas in both forms: as Kueue has them, and as an import makes them. */
import assert from 'node:assert/strict'
import { type Amount, add, amount, least, MILLI, most, subtract, ZERO } from '../quantity/amount.ts'
import type { QuotaTree, Tenant } from '../quota/quota-tree.ts'
import type { Quotas } from '../quota/tiers.ts'
import { buildForest, type Node, potential, quotaAt } from '../quota/tree.ts'
import { type Amounts, addUsage, available, type Usage, usageOf, used } from '../quota/usage.ts'
import type { Imported } from './import.ts'
import { importedFrom, kueueYaml, quotasOf, splitKey, type TreeDoc } from './testing.ts'

/** By key, whole devices. */
type Counts = Readonly<Record<string, number>>
/** By the name of a queue or cohort. */
export type Table = Readonly<Record<string, Counts>>

/** The plain tree of Kueue: a queue is one leaf. Other tests hold that engine against Kueue itself. */
function plain({ cohorts, queues }: TreeDoc) {
  const milli = (count: number | null) => (count === null ? null : gpus(count))
  const quotas = (docs: TreeDoc['queues'][number]['quotas']) =>
    new Map(
      Object.entries(docs).map(([key, { nominal, borrowingLimit, lendingLimit }]) => {
        return [
          key,
          { nominal: gpus(nominal), borrowingLimit: milli(borrowingLimit), lendingLimit: milli(lendingLimit) },
        ]
      }),
    )
  const forest = buildForest([
    ...cohorts.map(({ name, parent, quotas: own }) => ({ name, parent, quotas: quotas(own) })),
    ...queues.map(({ name, cohort, quotas: own }) => ({ name, parent: cohort, quotas: quotas(own) })),
  ])
  assert.ok(forest.ok)
  return forest.value
}

export function plainAvailable(doc: TreeDoc, usage: Table, queue: string, key: string): Amount {
  const { trees, nodes } = plain(doc)
  const node = nodes.get(queue)
  const tree = trees.find(({ nodes: own }) => own.some(other => other === node))
  assert.ok(node !== undefined && tree !== undefined)
  const usedAt = Object.entries(usage).flatMap(([name, counts]) => {
    const at = tree.nodes.find(other => other.name === name)
    return at === undefined ? [] : [[at, amountsOf(counts, own => own)] as const]
  })
  return most(ZERO, available(usageOf(tree, usedAt), node, key))
}

export function plainPotential(doc: TreeDoc, queue: string, key: string): Amount {
  const node = plain(doc).nodes.get(queue)
  assert.ok(node !== undefined)
  return potential(node, key)
}

export interface State {
  readonly imported: Imported
  readonly quotas: Quotas
}

/** A tree written for Kueue, imported, and compiled by admission. Kueue’s tests count CPU and memory; here they are accelerators. */
export function opened(tree: TreeDoc): State {
  const imported = importedFrom(kueueYaml(renamed(tree)), RESOURCES)
  return { imported, quotas: quotasOf(imported) }
}

const RESOURCES = ['example.com/gpu', 'test.example.com/cpu', 'test.example.com/memory']

function asAccelerator(key: string): string {
  const { flavor, resource } = splitKey(key)
  return `${flavor}|${resource.includes('/') ? resource : `test.example.com/${resource}`}`
}

function renamed({ cohorts, queues }: TreeDoc): TreeDoc {
  const change = <T extends { readonly quotas: TreeDoc['queues'][number]['quotas'] }>(owner: T): T => ({
    ...owner,
    quotas: Object.fromEntries(Object.entries(owner.quotas).map(([key, quota]) => [asAccelerator(key), quota])),
  })
  return { cohorts: cohorts.map(change), queues: queues.map(change) }
}

/** The name of the class that an import made of a key. */
export function classFor({ imported }: State, key: string): string {
  const { flavor, resource } = splitKey(asAccelerator(key))
  const names = [flavor, `${flavor}-${resource.split('/')[1]}`]
  const found = imported.classes.filter(
    ({ metadata, spec }) => names.includes(metadata.name) && spec.resources?.[0]?.name === resource,
  )
  const [only, ...others] = found
  assert.ok(only !== undefined && others.length === 0, key)
  return only.metadata.name
}

export function tenantOf(state: State, queue: string): Tenant {
  const tenant = state.quotas.treeOfTenant.get(queue)?.tenants.get(queue)
  assert.ok(tenant !== undefined, queue)
  return tenant
}

export function treeOf({ quotas }: State, name: string): QuotaTree {
  const tree = [...quotas.trees.values()].find(
    ({ tree: { nodes }, tenants }) => tenants.has(name) || nodes.some(node => node.name === `cohort:${name}`),
  )
  assert.ok(tree !== undefined, name)
  return tree
}

export function nodeOf(state: State, cohort: string): Node {
  const node = treeOf(state, cohort).tree.nodes.find(({ name }) => name === `cohort:${cohort}`)
  assert.ok(node !== undefined, cohort)
  return node
}

/** A queue's usage as its tenant has it: reserved as far as it goes, the rest burst. */
function usageOfTree(state: State, { tree, tenants }: QuotaTree, table: Table): Usage {
  const parts = Object.entries(table).flatMap(([queue, counts]) => {
    const tenant = tenants.get(queue)
    if (tenant === undefined) return []
    const all = amountsOf(counts, key => classFor(state, key))
    const reserved = new Map(
      [...all].map(([key, count]) => [key, least(count, quotaAt(tenant.leaves.reserved, key).nominal)]),
    )
    const burst = new Map([...all].map(([key, count]) => [key, subtract(count, reserved.get(key) ?? ZERO)]))
    return [[tenant.leaves.reserved, reserved] as const, [tenant.leaves.burst, burst] as const]
  })
  return usageOf(tree, parts)
}

/** What a queue or a cohort may still use. */
export function availableTo(state: State, usage: Table, name: string, key: string): Amount {
  const tree = treeOf(state, name)
  const inUse = usageOfTree(state, tree, usage)
  const tenant = tree.tenants.get(name)
  if (tenant !== undefined) return bothLeaves(tenant, inUse, classFor(state, key))
  return most(ZERO, available(inUse, nodeOf(state, name), classFor(state, key)))
}

/** What reserved has, and then burst once that is charged. */
export function bothLeaves({ leaves }: Tenant, usage: Usage, key: string): Amount {
  const first = most(ZERO, available(usage, leaves.reserved, key))
  const then = addUsage(usage, leaves.reserved, new Map([[key, first]]))
  return add(first, most(ZERO, available(then, leaves.burst, key)))
}

export function potentialOf(state: State, name: string, key: string): Amount {
  const isQueue = treeOf(state, name).tenants.has(name)
  return isQueue ? availableTo(state, {}, name, key) : potential(nodeOf(state, name), classFor(state, key))
}

export function subtreeOf(state: State, name: string, key: string): Amount {
  const tenant = treeOf(state, name).tenants.get(name)
  return quotaAt(tenant?.leaves.reserved ?? nodeOf(state, name), classFor(state, key)).subtree
}

export function usageAt(state: State, table: Table, name: string, key: string): Amount {
  const tree = treeOf(state, name)
  const usage = usageOfTree(state, tree, table)
  const tenant = tree.tenants.get(name)
  const nodes = tenant === undefined ? [nodeOf(state, name)] : [tenant.leaves.reserved, tenant.leaves.burst]
  return nodes.map(node => used(usage, node, classFor(state, key))).reduce(add, ZERO)
}

function amountsOf(counts: Counts, rename: (key: string) => string): Amounts {
  return new Map(Object.entries(counts).map(([key, count]) => [rename(key), gpus(count)]))
}

export function gpus(count: number): Amount {
  return amount(BigInt(count) * MILLI)
}
