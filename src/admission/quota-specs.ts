import { selectorIssues } from '../policy/selector.ts'
import { type Amount, add, amount, MILLI, ZERO } from '../quantity/amount.ts'
import { parseQuantity, type Quantity, wholeMillis } from '../quantity/quantity.ts'
import type { CohortClass, CohortSpec, TenantClass, TenantSpec } from '../quota/spec.ts'
import type { CohortDocument, TenantQuotaDocument } from '../schema/documents.ts'
import { blamedOn, type Issue } from '../schema/parsed.ts'
import { TIERS } from '../schema/parts.ts'

/** Milli-GPUs that the nodes of a cohort provide of a class, where its capacity is counted from nodes. */
export type NodeCapacity = (className: string, capacity: Capacity) => Amount

type Capacity = CohortDocument['spec']['classes'][number]['capacity']

/** Maps a Cohort document to what the quota engine is told. Issues go to `issues`; the value is then of no use. */
export function cohortSpecOf(document: CohortDocument, capacityOf: NodeCapacity, issues: Issue[]): CohortSpec {
  const at = `Cohort ${document.metadata.name}`
  const classes = document.spec.classes.map((entry, index): [string, CohortClass] => {
    issues.push(...blamedOn([document], capacityIssues(entry.capacity, `${at}: spec.classes[${index}].capacity`)))
    const capacity =
      entry.capacity.gpus === undefined ? capacityOf(entry.class, entry.capacity) : gpus(entry.capacity.gpus)
    return [
      entry.class,
      {
        capacity,
        shared: poolOf(entry.shared, capacity),
        burst: poolOf(entry.burst, capacity),
        borrowingLimit: limitOf(entry.borrowingLimit),
        lendingLimit: limitOf(entry.lendingLimit),
      },
    ]
  })
  return {
    name: document.metadata.name,
    parent: document.spec.parent ?? null,
    weight: weightOf(document.spec.weight),
    classes: new Map(classes),
  }
}

function capacityIssues({ gpus: fixed, nodeSelector }: Capacity, at: string): readonly Issue[] {
  if ((fixed === undefined) !== (nodeSelector === undefined)) return selectorIssues(nodeSelector, `${at}.nodeSelector`)
  const problem = fixed === undefined ? 'gives neither gpus nor nodeSelector' : 'gives both gpus and nodeSelector'
  return [{ at, problem, remedy: 'give one of them: a fixed number, or the nodes to count' }]
}

/** What all cohorts have together: what a cap is a percentage of. */
export interface ClusterCapacity {
  readonly byClass: ReadonlyMap<string, Amount>
  readonly total: Amount
}

export function clusterCapacity(cohorts: readonly CohortSpec[]): ClusterCapacity {
  const byClass = new Map<string, Amount>()
  for (const { classes } of cohorts) {
    for (const [key, { capacity }] of classes) byClass.set(key, add(byClass.get(key) ?? ZERO, capacity))
  }
  return { byClass, total: byClass.values().reduce(add, ZERO) }
}

/** Maps a TenantQuota document, whose selector has been resolved to namespaces. */
export function tenantSpecOf(
  { spec, metadata }: TenantQuotaDocument,
  namespaces: readonly string[],
  inCluster: ClusterCapacity,
): TenantSpec {
  const classes = spec.classes.map((entry): [string, TenantClass] => [
    entry.class,
    {
      reserved: limitOf(entry.reserved) ?? ZERO,
      sharedMax: entry.shared === undefined ? ZERO : limitOf(entry.shared.max),
      burstLimit: entry.burst === undefined ? ZERO : limitOf(entry.burst.borrowingLimit),
      lendingLimit: limitOf(entry.lendingLimit),
      cap: entry.cap === undefined ? null : poolOf(entry.cap, inCluster.byClass.get(entry.class) ?? ZERO),
      perPodMin: limitOf(entry.perPod?.min),
      perPodMax: limitOf(entry.perPod?.max),
    },
  ])
  return {
    name: metadata.name,
    cohort: spec.cohort,
    namespaces,
    weight: weightOf(spec.weight),
    tierOrder: spec.tierOrder ?? TIERS,
    enforcement: spec.enforcement ?? 'Enforce',
    cap: spec.cap === undefined ? null : poolOf(spec.cap, inCluster.total),
    trustedQueues: spec.trustedQueues ?? [],
    classes: new Map(classes),
  }
}

// The schema has vouched for the form of a count, so what does not parse here is a bug.
function gpus(count: number | string): Amount {
  const quantity = parseQuantity(count)
  const millis = quantity.ok ? wholeMillis(quantity.value) : undefined
  if (millis === undefined) throw new Error(`the schema let ${JSON.stringify(count)} pass as a count of GPUs`)
  return amount(millis)
}

function limitOf(count: number | string | undefined): Amount | null {
  return count === undefined ? null : gpus(count)
}

/** A pool as a count or a percentage; a percentage has at most one decimal, so tenths of a percent are exact in milli-GPUs. */
function poolOf(pool: number | string | undefined, capacity: Amount): Amount {
  if (pool === undefined) return ZERO
  if (typeof pool === 'number' || !pool.endsWith('%')) return gpus(pool)
  const [whole = '0', tenths = '0'] = pool.slice(0, -1).split('.')
  return amount((capacity * BigInt(whole + tenths)) / MILLI)
}

function weightOf(weight: number | string = 1): Quantity {
  const quantity = parseQuantity(weight)
  if (!quantity.ok) throw new Error(`the schema let ${JSON.stringify(weight)} pass as a weight`)
  return quantity.value
}
