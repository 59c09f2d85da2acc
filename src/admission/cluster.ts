import type { ClaimLookup } from '../gpu/claims.ts'
import { bareInstanceType } from '../gpu/class-table.ts'
import { type ClassTable, compileClasses } from '../gpu/classes.ts'
import { migResource, migWeight, USUAL_SLICES } from '../gpu/mig.ts'
import { rivalProfiles } from '../policy/fabric.ts'
import type { ClassTaint, Surroundings } from '../policy/inject/target.ts'
import { compilePolicies, type PolicySet } from '../policy/policy-set.ts'
import { selectorIssues, selects } from '../policy/selector.ts'
import { add, amount, ZERO } from '../quantity/amount.ts'
import { parseQuantity, wholeUnits } from '../quantity/quantity.ts'
import type { TenantSpec } from '../quota/spec.ts'
import { compileQuotas, type Quotas } from '../quota/tiers.ts'
import { DEFAULT_TERMS, type ReclaimTerms } from '../rebalance/snapshot.ts'
import type {
  AcceleratorClassDocument,
  CohortDocument,
  FabricProfileDocument,
  GpuPolicyDocument,
  SluiceDocument,
  TenantQuotaDocument,
} from '../schema/documents.ts'
import { blamedOn, failed, type Issue, type Parsed, parsed, taken } from '../schema/parsed.ts'
import type { OwnerLookup } from './gang.ts'
import { type Labels, type Natives, type Node, namespaceLabels, nativesOf } from './natives.ts'
import { type PlacedObject, readObjects } from './objects.ts'
import { clusterCapacity, cohortSpecOf, type NodeCapacity, tenantSpecOf } from './quota-specs.ts'
import { reclaimTerms, reclaimWarnings } from './reclaim-terms.ts'

/** Everything an admission needs to know of the cluster, compiled and checked. Replaced as a whole, never changed. */
export interface Cluster {
  readonly classes: ClassTable
  readonly quotas: Quotas
  readonly policies: PolicySet
  readonly surroundings: Surroundings
  readonly claims: ClaimLookup
  /** Controllers' objects and pod groups, which know more of a gang than its pods. */
  readonly owners: OwnerLookup
  /** The instance types that a cohort has of a class. */
  readonly instanceTypesOf: (cohort: string, className: string) => readonly string[]
  /** What the rebalancer may do to the pods of a cohort's tenants, by cohort. */
  readonly reclaimTerms: ReadonlyMap<string, ReclaimTerms>
  /** How long a borrower is warned before what it borrowed is taken back. */
  readonly noticeSecondsOf: (tenant: string) => number
  readonly labelsOfNamespace: (namespace: string) => Labels
  /** What is odd but not wrong. */
  readonly warnings: readonly Issue[]
}

/** A tenant as the quota engine knows it; undefined where nobody, or an unknown tenant, is asked for. */
export function tenantSpec({ quotas }: Cluster, tenant: string | undefined): TenantSpec | undefined {
  return tenant === undefined ? undefined : quotas.treeOfTenant.get(tenant)?.tenants.get(tenant)?.spec
}

/** Compiles a cluster from layers of objects, or says everything that is wrong with them. */
export function assembleCluster(...layers: readonly (readonly PlacedObject[])[]): Parsed<Cluster> {
  const issues: Issue[] = []
  const objects = readObjects(layers, issues)
  const natives = nativesOf(objects.natives)
  const kinds = groupByKind(objects.documents)

  const classes = taken(compileClasses(kinds.classes), issues)
  const policies = taken(compilePolicies(kinds.policies, new Set(kinds.profiles.map(nameOf))), issues)
  issues.push(...rivalProfiles(kinds.profiles), ...unknownClasses(kinds))
  if (classes === undefined) return failed(...issues)

  const quotas = quotasOf(kinds, natives, issues)
  if (policies === undefined || quotas === undefined || issues.length > 0) return failed(...issues)

  const terms = reclaimTerms(kinds.cohorts)
  return parsed({
    classes,
    quotas: quotas.value,
    policies,
    surroundings: surroundingsOf(kinds, natives),
    claims: natives.claims,
    owners: natives.owners,
    instanceTypesOf: instanceTypes(kinds.cohorts),
    reclaimTerms: terms,
    noticeSecondsOf: noticeSeconds(kinds, terms),
    labelsOfNamespace: namespace => natives.namespaces.get(namespace) ?? namespaceLabels(namespace),
    warnings: [...quotas.warnings, ...reclaimWarnings(kinds.cohorts, terms), ...natives.ignored.map(ignored)],
  })
}

interface ByKind {
  readonly classes: readonly AcceleratorClassDocument[]
  readonly cohorts: readonly CohortDocument[]
  readonly tenants: readonly TenantQuotaDocument[]
  readonly policies: readonly GpuPolicyDocument[]
  readonly profiles: readonly FabricProfileDocument[]
}

function groupByKind(documents: readonly SluiceDocument[]): ByKind {
  return {
    classes: documents.filter(document => document.kind === 'AcceleratorClass'),
    cohorts: documents.filter(document => document.kind === 'Cohort'),
    tenants: documents.filter(document => document.kind === 'TenantQuota'),
    policies: documents.filter(document => document.kind === 'GpuPolicy'),
    profiles: documents.filter(document => document.kind === 'FabricProfile'),
  }
}

function quotasOf({ cohorts, tenants, classes }: ByKind, natives: Natives, issues: Issue[]) {
  const capacityOf = nodeCapacity(natives.nodes, classes)
  const cohortSpecs = cohorts.map(document => cohortSpecOf(document, capacityOf, issues))
  const inCluster = clusterCapacity(cohortSpecs)
  const tenantSpecs = tenants.map(document => tenantSpecOf(document, namespacesOf(document, natives), inCluster))
  issues.push(...tenants.flatMap(unusableSelectors))
  const compiled = compileQuotas(cohortSpecs, tenantSpecs)
  if (compiled.ok) return compiled
  issues.push(...compiled.errors)
  return undefined
}

/** A quota for a class that nobody defines can never be used: almost always a name misspelt. */
function unknownClasses({ classes, cohorts, tenants }: ByKind): readonly Issue[] {
  const known = new Set(classes.map(nameOf))
  const remedy = known.size === 0 ? 'define it' : `define it, or use one of ${[...known].toSorted().join(', ')}`
  return [...cohorts, ...tenants].flatMap(document =>
    document.spec.classes
      .filter(entry => !known.has(entry.class))
      .flatMap(entry => {
        const at = `${document.kind} ${nameOf(document)}: spec.classes`
        return blamedOn(
          [document],
          [{ at, problem: `no AcceleratorClass is named ${JSON.stringify(entry.class)}`, remedy }],
        )
      }),
  )
}

function unusableSelectors(document: TenantQuotaDocument): readonly Issue[] {
  const at = `TenantQuota ${nameOf(document)}: spec.namespaceSelector`
  return blamedOn([document], selectorIssues(document.spec.namespaceSelector, at))
}

function namespacesOf({ spec }: TenantQuotaDocument, { namespaces }: Natives): readonly string[] {
  const { namespaceSelector } = spec
  if (namespaceSelector === undefined) return spec.namespaces ?? []
  const selected = [...namespaces].filter(([, labels]) => selects(namespaceSelector, labels)).map(([name]) => name)
  return [...new Set([...(spec.namespaces ?? []), ...selected])]
}

/** Counts what the selected nodes can allocate of the resources by which a class is asked for, by weight. */
export function nodeCapacity(nodes: readonly Node[], classes: readonly AcceleratorClassDocument[]): NodeCapacity {
  return (className, { nodeSelector }) => {
    if (nodeSelector === undefined) return ZERO
    const resources = weightsOf(classes.find(document => nameOf(document) === className))
    return nodes
      .filter(node => selects(nodeSelector, node.labels))
      .flatMap(node => resources.map(({ name, milliGpus }) => amount(unitsAt(node, name) * milliGpus)))
      .reduce((sum, capacity) => add(sum, capacity), ZERO)
  }
}

/** Every resource that counts in a class, with what a unit of it weighs. */
function weightsOf(document: AcceleratorClassDocument | undefined): readonly { name: string; milliGpus: bigint }[] {
  const { resources = [], mig } = document?.spec ?? {}
  const slices = (mig?.profiles ?? []).map(profile => {
    return { name: migResource(profile), milliGpus: migWeight(profile, mig?.slices ?? USUAL_SLICES) }
  })
  return [...resources.map(({ name, milliGpus }) => ({ name, milliGpus: BigInt(milliGpus) })), ...slices]
}

function unitsAt({ allocatable }: Node, resource: string): bigint {
  const quantity = parseQuantity(Object.hasOwn(allocatable, resource) ? allocatable[resource] : 0)
  return quantity.ok ? (wholeUnits(quantity.value) ?? 0n) : 0n
}

function surroundingsOf({ classes, profiles }: ByKind, natives: Natives): Surroundings {
  const taints = classes.map((document): [string, readonly ClassTaint[]] => [
    nameOf(document),
    document.spec.taints ?? [],
  ])
  return {
    priorityClasses: natives.priorityClasses,
    defaultPriorityClass: natives.defaultPriorityClass,
    classTaints: new Map(taints),
    fabric: new Map(profiles.map(document => [nameOf(document), document])),
  }
}

function instanceTypes(cohorts: readonly CohortDocument[]): Cluster['instanceTypesOf'] {
  const types = new Map(
    cohorts.flatMap(document =>
      document.spec.classes.map(({ class: className, instanceTypes: listed = [] }) => {
        // Profiles know them without the prefix of HyperPod, as demand does.
        return [`${nameOf(document)}/${className}`, listed.map(bareInstanceType)] as const
      }),
    ),
  )
  return (cohort, className) => types.get(`${cohort}/${className}`) ?? []
}

function noticeSeconds({ tenants }: ByKind, terms: ReadonlyMap<string, ReclaimTerms>): Cluster['noticeSecondsOf'] {
  const ofTenant = new Map(tenants.map(document => [nameOf(document), terms.get(document.spec.cohort)]))
  return tenant => (ofTenant.get(tenant) ?? DEFAULT_TERMS).noticeMs.burst / 1_000
}

function ignored({ at, value }: PlacedObject): Issue {
  return { at, problem: `${String(value.kind)} means nothing to Sluice and was passed over` }
}

function nameOf(document: SluiceDocument): string {
  return document.metadata.name
}
