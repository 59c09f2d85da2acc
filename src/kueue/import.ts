/**
 * From Kueue's objects to documents of Sluice.
 *
 *   ResourceFlavor x accelerator resource   AcceleratorClass
 *   ClusterQueue                            TenantQuota: nominalQuota reserved, what it borrows burst
 *   Cohort, or the name of one              Cohort: its own quota is the burst pool
 *   LocalQueue                              a namespace of a TenantQuota
 */
import type {
  AcceleratorClassDocument,
  CohortDocument,
  SluiceDocument,
  TenantQuotaDocument,
} from '../schema/documents.ts'
import { failed, type Issue, type Parsed, parsed } from '../schema/parsed.ts'
import { type Accelerators, acceleratorsOf } from './accelerators.ts'
import { planClasses } from './class-plan.ts'
import { classDocuments } from './classes.ts'
import { planCohorts } from './cohorts.ts'
import type { Finding } from './finding.ts'
import { lossesOf } from './losses.ts'
import { danglingQueues, membersOf } from './namespaces.ts'
import { cohortDocument, tenantDocument } from './quotas.ts'
import { type PlacedValue, readSetup, type Setup } from './setup.ts'
import { planTenants, quotasOfCohorts, quotasOfQueues } from './tenants.ts'

export interface ImportOptions {
  /** Resources that count as accelerators besides those of the shipped classes. */
  readonly accelerators: readonly string[]
  /** The classes that Sluice ships: what it knows of resources, models and weights. */
  readonly shipped: readonly AcceleratorClassDocument[]
}

/** Documents that load by themselves and over the shipped library, and what a person should know about them. */
export interface Imported {
  readonly classes: readonly AcceleratorClassDocument[]
  /** Shipped classes, rewritten so that pods count in the imported ones. */
  readonly yielding: readonly AcceleratorClassDocument[]
  readonly cohorts: readonly CohortDocument[]
  readonly tenants: readonly TenantQuotaDocument[]
  readonly findings: readonly Finding[]
}

/** Imports what was read of a Kueue installation, or says every reason why it cannot be. */
export function importKueue(objects: readonly PlacedValue[], options: ImportOptions): Parsed<Imported> {
  const setup = readSetup(objects)
  if (!setup.ok) return setup
  const issues: Issue[] = []
  const imported = importSetup(setup.value, acceleratorsOf(options.shipped, options.accelerators), issues)
  return issues.length === 0 ? parsed(imported) : failed(...issues)
}

function importSetup(setup: Setup, accelerators: Accelerators, issues: Issue[]): Imported {
  const findings: Finding[] = []
  const quotas = quotasOfQueues(setup.queues, accelerators, issues, findings)
  const pools = quotasOfCohorts(setup.cohorts, accelerators, issues, findings)
  const classes = planClasses([...quotas.values()], [...pools.values()], setup.flavors, accelerators)

  findings.push(...danglingQueues(setup.queues, setup.localQueues))
  const members = membersOf([...quotas.keys()], setup.localQueues, findings)
  const cohorts = planCohorts(setup.cohorts, quotas, pools, issues, findings)
  const tenants = planTenants(quotas, { members, cohorts, classes }, issues, findings)
  const { findings: ofClasses, ...classDocs } = classDocuments(classes, accelerators)
  return {
    ...classDocs,
    cohorts: cohorts.plans.map(plan => cohortDocument(plan, tenants, classes)),
    tenants: tenants.map(plan => tenantDocument(plan, classes)),
    findings: [...GENERAL, ...ofClasses, ...findings, ...lossesIn(setup), ...setup.passedOver],
  }
}

function lossesIn({ queues, cohorts, flavors, localQueues }: Setup): readonly Finding[] {
  return [...flavors, ...cohorts, ...queues, ...localQueues].flatMap(lossesOf)
}

/** What holds of every import. */
const GENERAL: readonly Finding[] = [
  {
    kind: 'check',
    at: '',
    object: 'every Cohort',
    field: 'spec.classes[].capacity',
    meaning:
      'a capacity is what Kueue promises, whatever the nodes have: replace gpus by the true number, or by a nodeSelector that counts nodes',
  },
  {
    kind: 'changed',
    at: '',
    object: 'every ClusterQueue',
    field: 'nominalQuota and borrowing',
    meaning:
      'a tenant has as much as in Kueue, but a pod is charged to one tier as a whole: reserved if it fits there, else burst',
  },
]

/** In the order in which a reader understands them. */
export function documentsOf({ classes, yielding, cohorts, tenants }: Imported): readonly SluiceDocument[] {
  return [...classes, ...yielding, ...cohorts, ...tenants]
}
