/** What is allowed and yet cannot be meant: limits that nothing can ever reach. */
import { type Amount, add, formatGpus, subtract, ZERO } from '../quantity/amount.ts'
import type { Issue } from '../schema/parsed.ts'
import { type QuotaTree, roleAt, type Tenant } from './quota-tree.ts'
import type { CohortSpec } from './spec.ts'
import { cohortPlace, tenantPlace } from './spec-errors.ts'
import { type Node, potential, quotaAt } from './tree.ts'

export function specWarnings(cohorts: readonly CohortSpec[], trees: Iterable<QuotaTree>): readonly Issue[] {
  const specs = new Map(cohorts.map(cohort => [cohort.name, cohort]))
  return [...trees].flatMap(tree => [
    ...tree.tree.nodes.flatMap(node => idleBorrowingLimits(tree, node)),
    ...[...tree.tenants.values()].flatMap(tenant => [...oversizedShares(tenant, specs), ...idleBurstLimits(tenant)]),
  ])
}

function oversizedShares({ spec }: Tenant, cohorts: ReadonlyMap<string, CohortSpec>): readonly Issue[] {
  const pools = cohorts.get(spec.cohort)?.classes
  return [...spec.classes].flatMap(([key, { sharedMax }]) => {
    const pool = pools?.get(key)?.shared ?? ZERO
    if (sharedMax === null || sharedMax <= pool) return []
    const problem = `${formatGpus(sharedMax)} is above the shared pool of Cohort ${spec.cohort}, which is ${formatGpus(pool)}`
    const remedy = 'lower it, leave it out (the whole pool), or enlarge the pool'
    return [{ at: tenantPlace(spec.name, `classes[${key}].shared.max`), problem, remedy }]
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

function unreachable(at: string, limit: Amount, reachable: Amount): Issue {
  const problem = `${formatGpus(limit)} can never be reached: at most ${formatGpus(reachable)} can be borrowed`
  return { at, problem, remedy: 'lower the limit, or leave it out' }
}
