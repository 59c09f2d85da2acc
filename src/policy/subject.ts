import type { Demand } from '../gpu/demand.ts'
import type { Workload } from '../gpu/workload.ts'
import type { JsonObject, Tier } from '../schema/parts.ts'
import type { Pod } from '../schema/pod.ts'
import type { AdmissionRequest } from '../schema/review.ts'

/** One pod with all that is known of it when policies judge it. */
export interface Subject {
  readonly pod: Pod
  /** The pod as it came, and before the change on an update. */
  readonly object: JsonObject
  readonly oldObject: JsonObject | null
  readonly request: AdmissionRequest
  readonly namespace: string
  readonly namespaceLabels: Readonly<Record<string, string>>
  readonly tenant: string | undefined
  readonly tier: Tier | undefined
  /** Absent on a pod that uses no accelerators. */
  readonly demand: Demand | undefined
  readonly effective: ReadonlyMap<string, bigint>
  readonly workload: Workload
  /** The instance types the pod may land on: those it names, else those its cohort has of its classes. */
  readonly instanceTypes: readonly string[]
}
