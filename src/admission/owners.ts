import type { ObjectReference } from '../gpu/workload.ts'
import type { JsonObject } from '../schema/parts.ts'
import type { OwnerLookup } from './gang.ts'
import { textAt } from './objects.ts'

/** Kinds that say how large a gang is, or what its pods need, by `group/kind`; the version does not matter. */
export const OWNER_KINDS: ReadonlySet<string> = new Set([
  'apps/StatefulSet',
  'batch/Job',
  'batch/CronJob',
  'batch.volcano.sh/Job',
  'jobset.x-k8s.io/JobSet',
  'kubeflow.org/JAXJob',
  'kubeflow.org/MPIJob',
  'kubeflow.org/PaddleJob',
  'kubeflow.org/PyTorchJob',
  'kubeflow.org/TFJob',
  'kubeflow.org/XGBoostJob',
  'kueue.x-k8s.io/Workload',
  'leaderworkerset.x-k8s.io/LeaderWorkerSet',
  'ray.io/RayCluster',
  'ray.io/RayJob',
  'ray.io/RayService',
  'sagemaker.amazonaws.com/HyperPodPyTorchJob',
  'scheduler.grove.io/PodGang',
  'scheduling.k8s.io/PodGroup',
  'scheduling.run.ai/PodGroup',
  'scheduling.volcano.sh/PodGroup',
  'scheduling.x-k8s.io/PodGroup',
  'trainer.kubeflow.org/TrainJob',
])

/** Whether an object may tell something of a gang. */
export function isOwner(object: JsonObject): boolean {
  return OWNER_KINDS.has(kindOf(object))
}

/** Objects that tell of gangs, as they come and go. */
export interface OwnerIndex {
  readonly lookup: OwnerLookup
  /** One of the same kind, namespace and name takes the place of the former. */
  put(object: JsonObject): void
  drop(object: JsonObject): void
}

export function ownerIndex(objects: readonly JsonObject[] = []): OwnerIndex {
  const known = new Map(objects.filter(isOwner).map(object => [keyOf(object), object]))
  return {
    lookup: {
      object(namespace, reference) {
        const object = known.get(`${namespace} ${reference.group}/${reference.kind} ${reference.name}`)
        return object === undefined || isOther(object, reference) ? undefined : object
      },
    },
    put: object => void known.set(keyOf(object), object),
    drop: object => void known.delete(keyOf(object)),
  }
}

// A file seldom says the UID; where it does, its namesake of another time is another gang.
function isOther(object: JsonObject, { uid }: ObjectReference): boolean {
  const own = textAt(object, 'metadata', 'uid')
  return own !== undefined && uid !== undefined && own !== uid
}

function keyOf(object: JsonObject): string {
  const namespace = textAt(object, 'metadata', 'namespace') ?? 'default'
  return `${namespace} ${kindOf(object)} ${textAt(object, 'metadata', 'name') ?? ''}`
}

function kindOf(object: JsonObject): string {
  const apiVersion = textAt(object, 'apiVersion') ?? ''
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return `${group}/${textAt(object, 'kind') ?? ''}`
}
