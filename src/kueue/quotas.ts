import type { CohortDocument, TenantQuotaDocument } from '../schema/documents.ts'
import { API_VERSION } from '../schema/kind.ts'
import { gpuCount } from './amounts.ts'
import type { ClassPlan } from './class-plan.ts'
import { type FlavorQuota, quotaKey } from './flavor-quotas.ts'
import type { Members } from './namespaces.ts'

/** A ClusterQueue that becomes a tenant. */
export interface TenantPlan {
  readonly name: string
  /** The name of its Cohort document. */
  readonly cohort: string
  /** False for a queue without a cohort: it can neither borrow nor lend. */
  readonly hasRelatives: boolean
  readonly weight: string | undefined
  readonly members: Members
  readonly quotas: readonly FlavorQuota[]
}

export interface CohortPlan {
  readonly name: string
  readonly parent: string | undefined
  readonly weight: string | undefined
  /** What the cohort has itself, besides what its queues have: a pool that all of them may use. */
  readonly quotas: readonly FlavorQuota[]
}

/**
 * A queue's nominal quota is reserved, and what it may use past that is burst: used in this order, the two leaves have together
 * exactly what Kueue calls available to the queue.
 */
export function tenantDocument(plan: TenantPlan, classes: ClassPlan): TenantQuotaDocument {
  const { members, weight, hasRelatives } = plan
  return {
    apiVersion: API_VERSION,
    kind: 'TenantQuota',
    metadata: { name: plan.name },
    spec: {
      ...(members.namespaces.length === 0 ? {} : { namespaces: members.namespaces }),
      ...(members.selector === undefined ? {} : { namespaceSelector: members.selector }),
      cohort: plan.cohort,
      ...(weight === undefined ? {} : { weight }),
      classes: plan.quotas.map(quota => {
        const { name, gpus } = unitOf(quota, classes)
        const { borrowingLimit, lendingLimit } = quota
        return {
          class: name,
          reserved: gpus(quota.nominal),
          ...(hasRelatives ? { burst: borrowingLimit === null ? {} : { borrowingLimit: gpus(borrowingLimit) } } : {}),
          ...(hasRelatives && lendingLimit !== null ? { lendingLimit: gpus(lendingLimit) } : {}),
        }
      }),
    },
  }
}

/** A cohort has what is promised in it: what its queues have reserved, and its own quota as the burst pool. */
export function cohortDocument(plan: CohortPlan, tenants: readonly TenantPlan[], classes: ClassPlan): CohortDocument {
  const reserved = tenants.filter(({ cohort }) => cohort === plan.name).flatMap(({ quotas }) => quotas)
  const pools = new Map(plan.quotas.map(quota => [quotaKey(quota), quota]))
  const keys = new Map([...plan.quotas, ...reserved].map(quota => [quotaKey(quota), quota]))
  const isRoot = plan.parent === undefined
  return {
    apiVersion: API_VERSION,
    kind: 'Cohort',
    metadata: { name: plan.name },
    spec: {
      ...(plan.parent === undefined ? {} : { parent: plan.parent }),
      ...(plan.weight === undefined ? {} : { weight: plan.weight }),
      classes: [...keys].map(([key, quota]) => {
        const { name, gpus } = unitOf(quota, classes)
        const pool = pools.get(key)
        const { borrowingLimit = null, lendingLimit = null } = isRoot ? {} : (pool ?? {})
        return {
          class: name,
          capacity: { gpus: gpus(sumOf(reserved, key) + (pool?.nominal ?? 0n)) },
          ...(pool === undefined || pool.nominal === 0n ? {} : { burst: gpus(pool.nominal) }),
          ...(borrowingLimit === null ? {} : { borrowingLimit: gpus(borrowingLimit) }),
          ...(lendingLimit === null ? {} : { lendingLimit: gpus(lendingLimit) }),
        }
      }),
    },
  }
}

function sumOf(quotas: readonly FlavorQuota[], key: string): bigint {
  return quotas.filter(quota => quotaKey(quota) === key).reduce((sum, { nominal }) => sum + nominal, 0n)
}

function unitOf(quota: FlavorQuota, classes: ClassPlan) {
  const planned = classes.get(quotaKey(quota))
  if (planned === undefined) throw new Error(`no class was planned for ${quotaKey(quota)}`)
  return { name: planned.name, gpus: (devices: bigint) => gpuCount(devices * planned.weight) }
}
