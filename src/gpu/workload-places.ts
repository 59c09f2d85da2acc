import type { Pod } from '../schema/pod.ts'

/** Where on a pod a controller leaves a text. */
export type Place =
  | { readonly from: 'label' | 'annotation' | 'env'; readonly key: string }
  /** A container, or a scheduling gate, of this name. */
  | { readonly from: 'container' | 'gate'; readonly key: string }
  /** The owner that controls the pod; `group` is its API group without the version. */
  | { readonly from: 'owner'; readonly key: 'kind' | 'group' | 'name' | 'uid' }
  /** The owner's name without the hash that this label repeats: a ReplicaSet's name without it is its Deployment's. */
  | { readonly from: 'ownerBeforeHash'; readonly key: string }
  /** The name of the KubeRay object that created the cluster of this label: KubeRay appends five random characters. */
  | { readonly from: 'creatorOfCluster'; readonly key: string }
  /** `ordinal` is the number at the end of a StatefulSet pod's name. */
  | { readonly from: 'pod'; readonly key: 'name' | 'ordinal' | 'podGroup' | 'schedulerName' }

export const label = (key: string): Place => ({ from: 'label', key })
export const annotation = (key: string): Place => ({ from: 'annotation', key })
export const env = (key: string): Place => ({ from: 'env', key })
export const gate = (key: string): Place => ({ from: 'gate', key })
export const ownerKind: Place = { from: 'owner', key: 'kind' }
export const ownerGroup: Place = { from: 'owner', key: 'group' }
export const ownerName: Place = { from: 'owner', key: 'name' }
export const ownerUid: Place = { from: 'owner', key: 'uid' }
export const podName: Place = { from: 'pod', key: 'name' }
export const podGroup: Place = { from: 'pod', key: 'podGroup' }
export const scheduler: Place = { from: 'pod', key: 'schedulerName' }

// No name, label or uid of Kubernetes is longer. What is longer is an attempt at something.
const MAX_TEXT = 253

// The letters and digits of Kubernetes' generated names: no vowels, so that no word appears. Older KubeRay put `-raycluster` before.
const GENERATED_CLUSTER = /^(.{1,253}?)(?:-raycluster)?-[bcdfghjklmnpqrstvwxz2456789]{5}$/

/** The text at a place; undefined where there is none, where it is empty, and where it is too long to mean anything. */
export function textAt(pod: Pod, place: Place): string | undefined {
  const text = rawAt(pod, place)
  return text === undefined || text === '' || text.length > MAX_TEXT ? undefined : text
}

/** An annotation as it stands, for those that hold more than a name. */
export function annotationAt(pod: Pod, key: string): string | undefined {
  return own(pod.metadata.annotations, key)
}

function rawAt(pod: Pod, place: Place): string | undefined {
  switch (place.from) {
    case 'label':
      return own(pod.metadata.labels, place.key)
    case 'annotation':
      return annotationAt(pod, place.key)
    case 'env':
      return envOf(pod.spec.containers, place.key)
    case 'container':
      return pod.spec.containers.some(({ name }) => name === place.key) ? place.key : undefined
    case 'gate':
      return pod.spec.schedulingGates?.some(({ name }) => name === place.key) ? place.key : undefined
    case 'owner':
      return ownerText(pod, place.key)
    case 'ownerBeforeHash':
      return ownerBeforeHash(pod, place.key)
    case 'creatorOfCluster':
      return GENERATED_CLUSTER.exec(own(pod.metadata.labels, place.key) ?? '')?.[1]
    case 'pod':
      return podText(pod, place.key)
  }
}

function own(map: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined
}

interface WithEnv {
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
}

// Controllers append their variables, and of two with one name the kubelet takes the last.
function envOf(containers: readonly WithEnv[], key: string): string | undefined {
  for (const { env = [] } of containers) {
    const value = env.findLast(({ name }) => name === key)?.value
    if (value !== undefined) return value
  }
  return undefined
}

function ownerText(pod: Pod, key: 'kind' | 'group' | 'name' | 'uid'): string | undefined {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (key !== 'group') return owner?.[key]
  const apiVersion = owner?.apiVersion
  return apiVersion?.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : undefined
}

function ownerBeforeHash(pod: Pod, label: string): string | undefined {
  const hash = own(pod.metadata.labels, label)
  const name = ownerText(pod, 'name')
  return hash !== undefined && name?.endsWith(`-${hash}`) ? name.slice(0, -hash.length - 1) : undefined
}

function podText(pod: Pod, key: 'name' | 'ordinal' | 'podGroup' | 'schedulerName'): string | undefined {
  switch (key) {
    case 'name':
      return pod.metadata.name ?? pod.metadata.generateName
    case 'ordinal':
      return /-(\d{1,9})$/.exec(pod.metadata.name ?? '')?.[1]
    case 'podGroup':
      return pod.spec.schedulingGroup?.podGroupName
    case 'schedulerName':
      return pod.spec.schedulerName
  }
}
