/** What is allowed and yet hardly meant: promises that nothing stands behind, and limits that nothing can ever reach. */
import { type Amount, add, compare, formatGpus, subtract, ZERO } from '../quantity/amount.ts'
import type { Issue } from '../schema/parsed.ts'
import { highestCap } from './caps.ts'
import { type QuotaTree, roleAt, type Tenant } from './quota-tree.ts'
import type { CohortSpec, TenantSpec } from './spec.ts'
import { cohortPlace, type Place, tenantPlace } from './spec-errors.ts'
import { type Node, potential, quotaAt } from './tree.ts'

export function specWarnings(
  cohorts: readonly CohortSpec[],
  tenants: readonly TenantSpec[],
  trees: Iterable<QuotaTree>,
): readonly Issue[] {
  const specs = new Map(cohorts.map(cohort => [cohort.name, cohort]))
  return [
    ...overCapacity(cohorts, tenants),
    ...[...trees].flatMap(tree => [
      ...tree.tree.nodes.flatMap(node => idleBorrowingLimits(tree, node)),
      ...[...tree.tenants.values()].flatMap(tenant => [
        ...oversizedShares(tenant, specs),
        ...idleBurstLimits(tenant),
        ...idleReservations(tenant),
      ]),
    ]),
  ]
}

function oversizedShares({ spec }: Tenant, cohorts: ReadonlyMap<string, CohortSpec>): readonly Issue[] {
  const pools = cohorts.get(spec.cohort)?.classes
  return [...spec.classes].flatMap(([key, { sharedMax }]) => {
    const pool = pools?.get(key)?.shared ?? ZERO
    if (sharedMax === null || sharedMax <= pool) return []
    const problem = `${formatGpus(sharedMax)} is above the shared pool of Cohort ${spec.cohort}, which is ${formatGpus(pool)}`
    const remedy = 'lower it, leave it out (the whole pool), or enlarge the pool'
    return [{ ...tenantPlace(spec.name, `classes[${key}].shared.max`), problem, remedy }]
  })
}

function idleBurstLimits({ spec, cohort }: Tenant): readonly Issue[] {
  return [...spec.classes].flatMap(([key, { burstLimit }]) => {
    const reachable = potential(cohort, key)
    if (burstLimit === null || burstLimit <= reachable) return []
    return [unreachable(tenantPlace(spec.name, `classes[${key}].burst.borrowingLimit`), burstLimit, reachable)]
  })
}

function idleBorrowingLimits(tree: QuotaTree, node: Node): readonly Issue[] {
  const role = roleAt(tree, node)
  if (role.kind !== 'cohort') return []
  return [...node.quotas].flatMap(([key, { borrowingLimit }]) => {
    const reachable = lentAtMost(node, key)
    if (borrowingLimit === null || borrowingLimit <= reachable) return []
    return [unreachable(cohortPlace(role.cohort, `classes[${key}].borrowingLimit`), borrowingLimit, reachable)]
  })
}

/** The most a node can take from its relatives when nobody uses anything: Kueue's potential without its limit. */
function lentAtMost(node: Node, key: string): Amount {
  const { subtree, local } = quotaAt(node, key)
  return node.parent === null ? ZERO : subtract(add(local, potential(node.parent, key)), subtree)
}

function unreachable(place: Place, limit: Amount, reachable: Amount): Issue {
  const problem = `${formatGpus(limit)} can never be reached: at most ${formatGpus(reachable)} can be borrowed`
  return { ...place, problem, remedy: 'lower the limit, or leave it out' }
}

/** A reservation above the tenant's own cap can never be used whole. */
function idleReservations(tenant: Tenant): readonly Issue[] {
  return [...tenant.spec.classes].flatMap(([key, { reserved }]) => {
    const cap = highestCap(tenant, key)
    if (reserved <= cap) return []
    const problem = `${formatGpus(reserved)} can never be used whole: the tenant is capped at ${formatGpus(cap)}`
    return [
      { ...tenantPlace(tenant.spec.name, `classes[${key}].reserved`), problem, remedy: 'lower it, or raise the cap' },
    ]
  })
}

/**
 * Capacity that is promised more than once. No error: nodes fail and come back, and quota that was right this morning must not stop
 * Sluice from starting.
 */
function overCapacity(cohorts: readonly CohortSpec[], tenants: readonly TenantSpec[]): readonly Issue[] {
  const membersOf = Map.groupBy(tenants, tenant => tenant.cohort)
  return cohorts.flatMap(cohort => {
    const members = membersOf.get(cohort.name) ?? []
    const keys = new Set([...cohort.classes.keys(), ...members.flatMap(tenant => [...tenant.classes.keys()])])
    return [...keys].flatMap(key => overCapacityIn(cohort, members, key))
  })
}

function overCapacityIn(cohort: CohortSpec, members: readonly TenantSpec[], key: string): readonly Issue[] {
  const { capacity, shared, burst } = cohort.classes.get(key) ?? { capacity: ZERO, shared: ZERO, burst: ZERO }
  const reserved = members.reduce((sum, tenant) => add(sum, tenant.classes.get(key)?.reserved ?? ZERO), ZERO)
  const promised = add(add(reserved, shared), burst)
  if (compare(promised, capacity) <= 0) return []
  const excess = formatGpus(subtract(promised, capacity))
  const parts = `reserved ${formatGpus(reserved)}, shared ${formatGpus(shared)}, burst ${formatGpus(burst)}`
  return [
    {
      ...cohortPlace(cohort.name, `classes[${key}]`),
      problem: `promises ${excess} ${key} more than its capacity of ${formatGpus(capacity)} (${parts})`,
      remedy: `add ${excess} of capacity, or take ${excess} from the pools or from its tenants' reserved`,
    },
  ]
}
