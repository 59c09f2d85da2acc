import type { ResourceGroups } from '../schema/kueue.ts'
import type { Issue } from '../schema/parsed.ts'
import type { Accelerators } from './accelerators.ts'
import { weightOf } from './amounts.ts'
import type { ClassPlan } from './class-plan.ts'
import { type CohortPlans, cohortOf } from './cohorts.ts'
import type { Finding } from './finding.ts'
import { type FlavorQuota, flavorQuotas, quotaKey } from './flavor-quotas.ts'
import { distinctNames } from './names.ts'
import type { Members } from './namespaces.ts'
import type { TenantPlan } from './quotas.ts'
import { type ClusterQueue, type Cohort, identityOf } from './setup.ts'

/** The accelerator quotas of the queues that have any; the others have nothing to say to Sluice. */
export function quotasOfQueues(
  queues: readonly ClusterQueue[],
  accelerators: Accelerators,
  issues: Issue[],
  findings: Finding[],
): ReadonlyMap<ClusterQueue, readonly FlavorQuota[]> {
  const quotas = new Map(queues.map(queue => [queue, quotasOf(queue, accelerators, issues, findings)]))
  const empty = queues.filter(queue => quotas.get(queue)?.length === 0)
  const meaning =
    'a queue without quota for accelerators becomes no tenant: pods of its namespaces that ask for one are refused'
  findings.push(
    ...empty.map(
      (queue): Finding => ({ kind: 'changed', at: queue.at, object: identityOf(queue), field: '', meaning }),
    ),
  )
  return new Map([...quotas].filter(([, own]) => own.length > 0))
}

export function quotasOfCohorts(
  cohorts: readonly Cohort[],
  accelerators: Accelerators,
  issues: Issue[],
  findings: Finding[],
): ReadonlyMap<Cohort, readonly FlavorQuota[]> {
  return new Map(cohorts.map(cohort => [cohort, quotasOf(cohort, accelerators, issues, findings)]))
}

function quotasOf(
  object: ClusterQueue | Cohort,
  { isAccelerator }: Accelerators,
  issues: Issue[],
  findings: Finding[],
): readonly FlavorQuota[] {
  const groups = object.document.spec?.resourceGroups ?? []
  findings.push(...otherResources(object, groups, isAccelerator))
  return flavorQuotas(groups, isAccelerator, object.at, issues)
}

/** Once for each object, however many flavors have them. */
function otherResources(
  object: ClusterQueue | Cohort,
  groups: ResourceGroups,
  isAccelerator: (resource: string) => boolean,
): readonly Finding[] {
  const all = groups.flatMap(({ flavors }) => flavors.flatMap(({ resources }) => resources.map(({ name }) => name)))
  const others = [...new Set(all)].filter(name => !isAccelerator(name))
  const extended = others.filter(name => name.includes('/'))
  const native = others.filter(name => !name.includes('/'))
  const found = (kind: Finding['kind'], names: readonly string[], meaning: string): readonly Finding[] => {
    if (names.length === 0) return []
    return [{ kind, at: object.at, object: identityOf(object), field: `quota for ${names.join(', ')}`, meaning }]
  }
  return [
    ...found('lost', native, 'Sluice has quota for accelerators alone: use a ResourceQuota in the namespaces'),
    ...found(
      'check',
      extended,
      'not known as accelerators and passed over: if they are, import again with --accelerator',
    ),
  ]
}

interface Surroundings {
  readonly members: ReadonlyMap<string, Members>
  readonly cohorts: CohortPlans
  readonly classes: ClassPlan
}

export function planTenants(
  queues: ReadonlyMap<ClusterQueue, readonly FlavorQuota[]>,
  { members, cohorts, classes }: Surroundings,
  issues: Issue[],
  findings: Finding[],
): readonly TenantPlan[] {
  const names = distinctNames(
    new Map([...queues.keys()].map(({ document: { metadata } }) => [metadata.name, metadata.name])),
  )
  return [...queues].map(([queue, quotas]): TenantPlan => {
    const own = queue.document.metadata.name
    const name = names.get(own) ?? own
    findings.push(...findingsOf(queue, name, quotas, classes))
    return {
      name,
      cohort: cohorts.nameFor(queue),
      hasRelatives: cohortOf(queue) !== undefined,
      weight: weightOf(queue.document.spec?.fairSharing?.weight, `${queue.at}: spec.fairSharing.weight`, issues),
      members: members.get(own) ?? { namespaces: [] },
      quotas,
    }
  })
}

function findingsOf(
  queue: ClusterQueue,
  name: string,
  quotas: readonly FlavorQuota[],
  classes: ClassPlan,
): readonly Finding[] {
  const found = (kind: Finding['kind'], field: string, meaning: string): Finding => {
    return { kind, at: queue.at, object: identityOf(queue), field, meaning }
  }
  const isRenamed = name !== queue.document.metadata.name
  const byResource = Map.groupBy(quotas, ({ resource }) => resource)
  return [
    ...(isRenamed
      ? [
          found(
            'changed',
            'metadata.name',
            `it became the TenantQuota ${name}: names are lower-case words with dots and dashes, and no two are alike`,
          ),
        ]
      : []),
    ...[...byResource].flatMap(([resource, own]) =>
      withoutDefault(resource, own, classes).map(text => found('check', `flavors of ${resource}`, text)),
    ),
  ]
}

/** Kueue writes the labels of the flavor into a pod; here the pod says which nodes it wants. */
function withoutDefault(resource: string, quotas: readonly FlavorQuota[], classes: ClassPlan): readonly string[] {
  const own = quotas.map(quota => classes.get(quotaKey(quota))).filter(planned => planned !== undefined)
  const usual = [...classes.values()].find(planned => planned.resource === resource && planned.isDefault)
  if (usual === undefined || own.includes(usual)) return []
  const names = own.map(({ name }) => name).join(', ')
  return [
    `a pod that selects no nodes counts as ${usual.name}, of which it has no quota, and is refused: let its pods select the nodes of ${names}, or make that the default class`,
  ]
}
