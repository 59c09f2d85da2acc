/** What people set in Kueue and what becomes of it, field by field: the one list of what has no counterpart. */

import type { KueueObject } from '../schema/kueue.ts'
import { isList, isObject, type JsonObject, type JsonValue } from '../schema/parts.ts'
import type { Finding } from './finding.ts'
import { identityOf } from './setup.ts'

interface Loss {
  /** Below `spec`. */
  readonly path: readonly string[]
  /** What the field says where nobody has set it; undefined where absence is the only default. */
  readonly usual?: JsonValue
  readonly kind: Finding['kind']
  readonly meaning: string
}

function lost(path: string, meaning: string, usual?: JsonValue): Loss {
  return { path: path.split('.'), kind: 'lost', meaning, ...(usual === undefined ? {} : { usual }) }
}

function check(path: string, meaning: string, usual?: JsonValue): Loss {
  return { ...lost(path, meaning, usual), kind: 'check' }
}

const NO_CHECKS = 'no check delays an admission: a pod that fits its quota is admitted at once'
const ONE_CLASS =
  'a pod counts in the class that its node selection names, else in the default: no other flavor is tried'

const LOSSES: Readonly<Record<KueueObject['kind'], readonly Loss[]>> = {
  ClusterQueue: [
    lost(
      'queueingStrategy',
      'nothing waits in a queue: a pod that does not fit is refused and its controller tries again',
      'BestEffortFIFO',
    ),
    lost(
      'preemption.withinClusterQueue',
      'no pod of the same tenant is evicted for another; the scheduler still preempts by priority',
      'Never',
    ),
    check(
      'preemption.reclaimWithinCohort',
      'borrowed GPUs come back by notice and eviction of burst pods: set spec.reclaim of the Cohort',
      'Never',
    ),
    lost('preemption.borrowWithinCohort.policy', 'who borrows evicts nobody', 'Never'),
    lost('preemption.borrowWithinCohort.maxPriorityThreshold', 'who borrows evicts nobody'),
    lost('flavorFungibility.whenCanBorrow', ONE_CLASS, 'MayStopSearch'),
    lost('flavorFungibility.whenCanPreempt', ONE_CLASS, 'TryNextFlavor'),
    lost('flavorFungibility.preference', ONE_CLASS),
    lost('admissionChecks', NO_CHECKS),
    lost('admissionChecksStrategy', NO_CHECKS),
    check(
      'stopPolicy',
      'Kueue admits nothing here; the tenant is imported as if it ran: remove it, or set its quota to 0',
      'None',
    ),
    lost('admissionScope', 'usage of the past has no weight: shares are of what runs now'),
    lost('concurrentAdmissionPolicy', ONE_CLASS),
  ],
  Cohort: [],
  ResourceFlavor: [
    check(
      'nodeTaints',
      'pods get tolerations for the taints of a class by the shipped policy gpu-tolerations; in Kueue they bring their own',
    ),
    check(
      'tolerations',
      'pods get tolerations for the taints of their class, and no others: list the taints in spec.taints of the class',
    ),
    lost('topologyName', 'placement is left to the scheduler'),
    lost('resourceWeights', 'fairness is by class, so no resource outweighs another'),
  ],
  LocalQueue: [
    check('stopPolicy', 'Kueue admits nothing from this namespace; it is imported as if it ran', 'None'),
    lost('fairSharing', 'namespaces of one tenant have no shares among them'),
    lost('wallTimePolicy', 'quota is of what runs, not of hours'),
  ],
}

/** Fields that the import reads. */
const READ: Readonly<Record<KueueObject['kind'], readonly string[]>> = {
  ClusterQueue: ['resourceGroups', 'cohort', 'cohortName', 'namespaceSelector', 'fairSharing'],
  Cohort: ['resourceGroups', 'parent', 'parentName', 'fairSharing'],
  ResourceFlavor: ['nodeLabels'],
  LocalQueue: ['clusterQueue'],
}

/** Everything in the spec of an object that does not come across. */
export function lossesOf(object: KueueObject): readonly Finding[] {
  const listed = LOSSES[object.kind].flatMap(loss => lossIn(object, loss))
  const known = new Set([...READ[object.kind], ...LOSSES[object.kind].map(({ path }) => path[0])])
  const unknown = Object.keys(object.spec).filter(field => !known.has(field))
  return [
    ...listed,
    ...unknown.map(field => found(object, 'lost', `spec.${field}`, 'not known to this import, and not carried over')),
  ]
}

function lossIn(object: KueueObject, { path, usual, kind, meaning }: Loss): readonly Finding[] {
  const value = valueAt(object.spec, path)
  if (value === undefined || value === usual || isEmpty(value)) return []
  const field = ['spec', ...path].join('.')
  return [found(object, kind, isScalar(value) ? `${field}: ${value}` : field, meaning)]
}

function found(object: KueueObject, kind: Finding['kind'], field: string, meaning: string): Finding {
  return { kind, at: object.at, object: identityOf(object), field, meaning }
}

function valueAt(value: JsonObject, path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>(
    (at, step) => (isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined),
    value,
  )
}

function isEmpty(value: JsonValue): boolean {
  if (isList(value)) return value.length === 0
  return isObject(value) && Object.keys(value).length === 0
}

function isScalar(value: JsonValue): value is string | number | boolean {
  return !isList(value) && !isObject(value) && value !== null
}
