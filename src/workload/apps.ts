import { type Count, countAt, exactly, UNTOLD } from './counts.ts'
import { asOwner, type Draft, type Owner, type Source, type Stamp } from './draft.ts'
import { objectAt, type Path } from './json.ts'

/*
 * Pods and the controllers of apps/v1: replicas that work each on its own.
 */

const ONE = exactly(1)

// The real one is a hash of the template; what matters is that the ReplicaSet's name ends with the label's value.
const TEMPLATE_HASH = '5d4f8c7b9'

/** What a Deployment of this name, or a controller that lays one under itself, makes of a template. */
export function deploymentStamp(name: string, stamp: Partial<Stamp> = {}): Stamp {
  const replicaSet = `${name}-${TEMPLATE_HASH}`
  return {
    ...stamp,
    name: `${replicaSet}-`,
    labels: { ...stamp.labels, 'pod-template-hash': TEMPLATE_HASH },
    owner: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: replicaSet },
  }
}

export function pod({ manifest, name }: Source): readonly Draft[] {
  return [{ path: ['spec'], metadata: objectAt(manifest, 'metadata'), isPod: true, stamp: { name }, replicas: ONE }]
}

export function deployment(source: Source): readonly Draft[] {
  return [template(source, deploymentStamp(source.name), replicasOf(source))]
}

/** ReplicaSet, and ReplicationController with it. */
export function replicaSet(source: Source): readonly Draft[] {
  return [template(source, { name: `${source.name}-`, owner: asOwner(source) }, replicasOf(source))]
}

export function statefulSet(source: Source): readonly Draft[] {
  return [template(source, statefulStamp(asOwner(source), source.name, 0), replicasOf(source))]
}

export function daemonSet(source: Source): readonly Draft[] {
  return [template(source, { name: `${source.name}-`, owner: asOwner(source) }, UNTOLD)]
}

/** A pod of a StatefulSet, which numbers them. */
export function statefulStamp(owner: Owner, setName: string, ordinal: number): Stamp {
  const name = `${setName}-${ordinal}`
  return {
    name,
    labels: { 'statefulset.kubernetes.io/pod-name': name, 'apps.kubernetes.io/pod-index': String(ordinal) },
    owner,
  }
}

function template({ manifest }: Source, stamp: Stamp, replicas: Count): Draft {
  const path: Path = ['spec', 'template']
  return { path: [...path, 'spec'], metadata: objectAt(manifest, ...path, 'metadata'), stamp, replicas }
}

function replicasOf({ manifest }: Source): Count {
  return countAt(manifest, ['spec', 'replicas'], ONE)
}
