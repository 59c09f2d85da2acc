import type { Pod } from '../../schema/pod.ts'

/** The object whose controller creates a pod, as the pod names it. All of it was written by who creates the pod. */
export interface Owner {
  readonly namespace: string
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly name: string
  readonly uid: string
}

/**
 * Resources by `group/kind`: the kinds whose controllers look at their object again when nothing but an annotation of it changes,
 * and create what is missing. Adding a kind is adding a row, and the permission to get and patch it. Not here: Jobs of Volcano, whose
 * controller ignores what does not change the spec, and pods (Spark's executors are owned by their driver), which nobody watches so.
 */
export const WAKEABLE: ReadonlyMap<string, string> = new Map([
  ['/ReplicationController', 'replicationcontrollers'],
  ['apps/ReplicaSet', 'replicasets'],
  ['apps/StatefulSet', 'statefulsets'],
  ['apps/DaemonSet', 'daemonsets'],
  ['batch/Job', 'jobs'],
  ['argoproj.io/Workflow', 'workflows'],
  ['kubeflow.org/JAXJob', 'jaxjobs'],
  ['kubeflow.org/MPIJob', 'mpijobs'],
  ['kubeflow.org/PaddleJob', 'paddlejobs'],
  ['kubeflow.org/PyTorchJob', 'pytorchjobs'],
  ['kubeflow.org/TFJob', 'tfjobs'],
  ['kubeflow.org/XGBoostJob', 'xgboostjobs'],
  ['ray.io/RayCluster', 'rayclusters'],
])

// The API server takes no others for names and versions; here they become part of a path, so nothing else may pass.
const DNS_SUBDOMAIN = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/
const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** The controller of a pod; undefined where it has none, or one that no API server would know. */
export function controllerOf(pod: Pod, namespace: string): Owner | undefined {
  const reference = pod.metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (reference?.uid === undefined || reference.uid === '') return undefined
  const { apiVersion = 'v1', kind, name, uid } = reference
  const slash = apiVersion.indexOf('/')
  return {
    namespace,
    group: apiVersion.slice(0, Math.max(0, slash)),
    version: apiVersion.slice(slash + 1),
    kind,
    name,
    uid,
  }
}

/** Where the API server has an owner; undefined for kinds that waking means nothing to, and for what can be no name. */
export function pathOf({ namespace, group, version, kind, name }: Owner): string | undefined {
  const resource = WAKEABLE.get(`${group}/${kind}`)
  const isSound =
    DNS_LABEL.test(namespace) && DNS_LABEL.test(version) && DNS_SUBDOMAIN.test(name) && !name.includes('..')
  if (resource === undefined || !isSound) return undefined
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  return `${root}/namespaces/${namespace}/${resource}/${name}`
}
