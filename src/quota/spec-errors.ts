/** What makes a set of cohorts and tenants unusable. Every error names its document, the field and a way out. */
import { type Amount, formatGpus, ZERO } from '../quantity/amount.ts'
import type { Quantity } from '../quantity/quantity.ts'
import type { DocumentName, Issue } from '../schema/parsed.ts'
import { cycles, duplicates, weightFaults } from './node-spec.ts'
import type { CohortSpec, TenantSpec } from './spec.ts'

export function specErrors(cohorts: readonly CohortSpec[], tenants: readonly TenantSpec[]): readonly Issue[] {
  const names = new Set(cohorts.map(cohort => cohort.name))
  return [
    ...duplicates(cohorts.map(cohort => cohort.name)).map(name => twice(cohortPlace(name))),
    ...duplicates(tenants.map(tenant => tenant.name)).map(name => twice(tenantPlace(name))),
    ...cohorts.flatMap(cohort => missingParent(cohort, names)),
    ...tenants.flatMap(tenant => missingCohort(tenant, names)),
    ...cycles(new Map(cohorts.map(cohort => [cohort.name, cohort.parent]))).map(cohortCycle),
    ...cohorts.flatMap(negativeInCohort),
    ...tenants.flatMap(negativeInTenant),
    ...cohorts.flatMap(({ name, weight }) => faultyWeight(cohortPlace(name, 'weight'), weight)),
    ...tenants.flatMap(({ name, weight }) => faultyWeight(tenantPlace(name, 'weight'), weight)),
    ...tenants.flatMap(unusableTenant),
    ...sharedNamespaces(tenants),
  ]
}

/** Where an issue is, and whose it is. */
export type Place = Required<Pick<Issue, 'at' | 'documents'>>

export function cohortPlace(name: string, field = ''): Place {
  return placeIn({ kind: 'Cohort', name }, field)
}

export function tenantPlace(name: string, field = ''): Place {
  return placeIn({ kind: 'TenantQuota', name }, field)
}

function placeIn(document: DocumentName, field: string): Place {
  const at = `${document.kind} ${document.name}${field === '' ? '' : `: spec.${field}`}`
  return { at, documents: [document] }
}

function twice(place: Place): Issue {
  return { ...place, problem: 'is defined twice', remedy: 'remove or rename one of the two' }
}

function faultyWeight(place: Place, weight: Quantity): readonly Issue[] {
  return weightFaults(place.at, weight).map(fault => ({ ...fault, ...place }))
}

function missingParent({ name, parent }: CohortSpec, cohorts: ReadonlySet<string>): readonly Issue[] {
  if (parent === null || cohorts.has(parent)) return []
  return [{ ...cohortPlace(name, 'parent'), ...noSuchCohort(parent) }]
}

function missingCohort({ name, cohort }: TenantSpec, cohorts: ReadonlySet<string>): readonly Issue[] {
  return cohorts.has(cohort) ? [] : [{ ...tenantPlace(name, 'cohort'), ...noSuchCohort(cohort) }]
}

function noSuchCohort(name: string): Pick<Issue, 'problem' | 'remedy'> {
  return { problem: `there is no Cohort ${name}`, remedy: 'create it or name an existing one' }
}

function cohortCycle(cycle: readonly string[]): Issue {
  const [first = ''] = cycle
  const problem = `the parents form a cycle: ${[...cycle, first].join(' -> ')}`
  const documents = cycle.map(name => ({ kind: 'Cohort', name }))
  return { ...cohortPlace(first, 'parent'), documents, problem, remedy: 'remove the parent of one of them' }
}

function negativeInCohort(cohort: CohortSpec): readonly Issue[] {
  return [...cohort.classes].flatMap(([key, limits]) =>
    negatives(
      field => cohortPlace(cohort.name, `classes[${key}].${field}`),
      [
        ['capacity', limits.capacity],
        ['shared', limits.shared],
        ['burst', limits.burst],
        ['borrowingLimit', limits.borrowingLimit],
        ['lendingLimit', limits.lendingLimit],
      ],
    ),
  )
}

function negativeInTenant(tenant: TenantSpec): readonly Issue[] {
  return [...tenant.classes].flatMap(([key, limits]) =>
    negatives(
      field => tenantPlace(tenant.name, `classes[${key}].${field}`),
      [
        ['reserved', limits.reserved],
        ['shared.max', limits.sharedMax],
        ['burst.borrowingLimit', limits.burstLimit],
        ['lendingLimit', limits.lendingLimit],
        ['cap', limits.cap],
        ['perPod.min', limits.perPodMin],
        ['perPod.max', limits.perPodMax],
      ],
    ),
  )
}

function negatives(
  placeOf: (field: string) => Place,
  fields: readonly (readonly [string, Amount | null])[],
): readonly Issue[] {
  return fields.flatMap(([field, value]) =>
    value === null || value >= ZERO
      ? []
      : [{ ...placeOf(field), problem: `${formatGpus(value)} is negative`, remedy: 'use 0 or more' }],
  )
}

function unusableTenant(tenant: TenantSpec): readonly Issue[] {
  const noOrder: readonly Issue[] =
    tenant.tierOrder.length > 0
      ? []
      : [
          {
            ...tenantPlace(tenant.name, 'tierOrder'),
            problem: 'is empty, so no tier is ever tried',
            remedy: 'list at least one tier, or leave the field out',
          },
        ]
  return [...noOrder, ...[...tenant.classes].flatMap(([key, limits]) => emptyRange(tenant.name, key, limits))]
}

function emptyRange(
  tenant: string,
  key: string,
  { perPodMin, perPodMax }: { readonly perPodMin: Amount | null; readonly perPodMax: Amount | null },
): readonly Issue[] {
  if (perPodMin === null || perPodMax === null || perPodMin <= perPodMax) return []
  const problem = `min ${formatGpus(perPodMin)} is above max ${formatGpus(perPodMax)}, so no pod fits`
  return [{ ...tenantPlace(tenant, `classes[${key}].perPod`), problem, remedy: 'lower min or raise max' }]
}

function sharedNamespaces(tenants: readonly TenantSpec[]): readonly Issue[] {
  const claims = tenants.flatMap(tenant => [...new Set(tenant.namespaces)].map(name => ({ name, tenant: tenant.name })))
  return [...Map.groupBy(claims, claim => claim.name)].flatMap(([name, claimants]) => {
    const [first, ...others] = claimants.map(claim => claim.tenant)
    return others.map(other => ({
      ...tenantPlace(other, 'namespaces'),
      documents: [other, first ?? other].map(tenant => ({ kind: 'TenantQuota', name: tenant })),
      problem: `namespace ${name} belongs to TenantQuota ${first} as well as to ${other}`,
      remedy: 'leave it to one of the two',
    }))
  })
}
