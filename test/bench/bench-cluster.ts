/** The cluster of the benchmark: quotas that never run out, and a set of policies. */
import { join } from 'node:path'
import { assembleCluster, type Cluster } from '../../src/admission/cluster.ts'
import type { PlacedObject } from '../../src/admission/objects.ts'
import { readClusterFolder } from '../../src/config/cluster-folder.ts'
import { shippedLibrary } from '../../src/config/root.ts'
import { formatIssue, type Parsed } from '../../src/schema/parsed.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { NAMESPACES } from './gpu-review.ts'
import { platformPolicies } from './platform-policies.ts'

/** How many policies of a platform, or those that ship, as they ship. */
export type PolicySetName = '1' | '20' | '200' | 'shipped'
export const POLICY_SETS: readonly PolicySetName[] = ['1', '20', '200', 'shipped']

export function benchCluster(policies: PolicySetName): Cluster {
  const library = policies === 'shipped' ? read(shippedLibrary()) : libraryWithoutPolicies()
  const own = policies === 'shipped' ? [] : platformPolicies(Number(policies))
  return taken(assembleCluster(library, [...quotas(), ...namespaces(), ...priorityClasses(), ...own].map(placed)))
}

function libraryWithoutPolicies(): readonly PlacedObject[] {
  return [...read(join(shippedLibrary(), 'classes')), ...read(join(shippedLibrary(), 'fabric'))]
}

// As many GPUs as a short benchmark can never charge.
const PLENTY = 1_000_000_000
const TENANTS_PER_COHORT = 8

function quotas(): readonly JsonObject[] {
  const cohorts = Array.from(
    { length: Math.ceil(NAMESPACES.length / TENANTS_PER_COHORT) },
    (_, index) => `cohort-${index}`,
  )
  return [
    document('Cohort', 'platform', { classes: [] }),
    ...cohorts.map(name => {
      const capacity = { gpus: PLENTY * TENANTS_PER_COHORT * 2 }
      return document('Cohort', name, {
        parent: 'platform',
        classes: [{ class: 'h100', capacity, shared: '20%', burst: '15%' }],
      })
    }),
    ...NAMESPACES.map((namespace, index) => {
      const classes = [{ class: 'h100', reserved: PLENTY, shared: {}, burst: {}, perPod: { max: 8 } }]
      const cohort = cohorts[Math.floor(index / TENANTS_PER_COHORT)] ?? ''
      return document('TenantQuota', `tenant-${index}`, { namespaces: [namespace], cohort, classes })
    }),
  ]
}

function namespaces(): readonly JsonObject[] {
  return NAMESPACES.map((name, index) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name, 'example.com/cost-center': `cc-${index}` } },
  }))
}

function priorityClasses(): readonly JsonObject[] {
  return ['gpu-reserved', 'gpu-shared', 'gpu-burst'].map(name => ({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name },
    value: 1000,
  }))
}

function document(kind: string, name: string, spec: JsonObject): JsonObject {
  return { apiVersion: 'sluice.dev/v1alpha1', kind, metadata: { name }, spec }
}

function placed(value: JsonObject, index: number): PlacedObject {
  return { at: `bench[${index}]`, value }
}

function read(folder: string): readonly PlacedObject[] {
  return taken(readClusterFolder(folder))
}

export function taken<T>(result: Parsed<T>): T {
  if (result.ok) return result.value
  throw new Error(result.issues.map(formatIssue).join('\n'))
}
