import { type Amount, amount, MILLI, ZERO } from '../quantity/amount.ts'
import { parseQuantity, type Quantity, wholeMillis } from '../quantity/quantity.ts'
import type { CohortClass, CohortSpec, TenantClass, TenantSpec } from '../quota/spec.ts'
import type { CohortDocument, TenantQuotaDocument } from '../schema/documents.ts'
import type { Issue } from '../schema/parsed.ts'
import { TIERS } from '../schema/parts.ts'

/** Milli-GPUs that the nodes of a cohort provide of a class, where its capacity is counted from nodes. */
export type NodeCapacity = (
  className: string,
  capacity: CohortDocument['spec']['classes'][number]['capacity'],
) => Amount

/** Maps a Cohort document to what the quota engine is told. Issues go to `issues`; the value is then of no use. */
export function cohortSpecOf(document: CohortDocument, capacityOf: NodeCapacity, issues: Issue[]): CohortSpec {
  const at = `Cohort ${document.metadata.name}`
  const classes = document.spec.classes.map((entry): [string, CohortClass] => {
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
    weight: weightOf(document.spec.weight, at, issues),
    classes: new Map(classes),
  }
}

/** Maps a TenantQuota document, whose selector has been resolved to namespaces. */
export function tenantSpecOf(
  document: TenantQuotaDocument,
  namespaces: readonly string[],
  issues: Issue[],
): TenantSpec {
  const { spec, metadata } = document
  const classes = spec.classes.map((entry): [string, TenantClass] => [
    entry.class,
    {
      reserved: limitOf(entry.reserved) ?? ZERO,
      sharedMax: entry.shared === undefined ? ZERO : limitOf(entry.shared.max),
      burstLimit: entry.burst === undefined ? ZERO : limitOf(entry.burst.borrowingLimit),
      lendingLimit: limitOf(entry.lendingLimit),
      perPodMin: limitOf(entry.perPod?.min),
      perPodMax: limitOf(entry.perPod?.max),
    },
  ])
  return {
    name: metadata.name,
    cohort: spec.cohort,
    namespaces,
    weight: weightOf(spec.weight, `TenantQuota ${metadata.name}`, issues),
    tierOrder: spec.tierOrder ?? TIERS,
    enforcement: spec.enforcement ?? 'Enforce',
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

function weightOf(weight: string | undefined, at: string, issues: Issue[]): Quantity {
  const quantity = parseQuantity(weight ?? '1')
  if (quantity.ok && quantity.value.nanos >= 0n) return quantity.value
  const problem = quantity.ok ? `${JSON.stringify(weight)} is negative` : quantity.problem
  issues.push({ at: `${at}: spec.weight`, problem, remedy: 'write a decimal such as 1 or "0.5"; 0 means last of all' })
  return { nanos: 0n }
}
