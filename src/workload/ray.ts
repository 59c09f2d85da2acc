import { type Count, countAt, exactly, least, most, product, sum } from './counts.ts'
import { asOwner, type Draft, type Owner, type Source } from './draft.ts'
import { itemsAt, objectAt, type Path, textAt, valueAt } from './json.ts'

/*
 * KubeRay: a cluster of one head and groups of workers, and the kinds that create clusters.
 */

const ZERO = exactly(0)
const ONE = exactly(1)

interface WorkerGroup {
  readonly path: Path
  readonly name: string
  /** Pods at start, and the fewest an autoscaler leaves. */
  readonly pods: Count
  readonly fewest: Count
}

export function rayCluster(source: Source): readonly Draft[] {
  return clusterDrafts(source, ['spec'], source.name, asOwner(source))
}

export function rayJob(source: Source): readonly Draft[] {
  return rayJobDrafts(source, ['spec'])
}

export function rayCronJob(source: Source): readonly Draft[] {
  return rayJobDrafts(source, ['spec', 'jobTemplate'])
}

/** An upgrade runs two of these clusters side by side for a while; this is one. */
export function rayService(source: Source): readonly Draft[] {
  return createdCluster(source, ['spec', 'rayClusterConfig'])
}

function rayJobDrafts(source: Source, path: Path): readonly Draft[] {
  return [...submitter(source, path), ...createdCluster(source, [...path, 'rayClusterSpec'])]
}

// Only a Job that submits has a pod for it; the other modes submit from the operator or from the head.
function submitter({ manifest, name }: Source, path: Path): readonly Draft[] {
  const mode = textAt(manifest, ...path, 'submissionMode')
  if (mode !== '' && mode !== 'K8sJobMode') return []
  const template: Path = [...path, 'submitterPodTemplate']
  return [
    {
      path: [...template, 'spec'],
      metadata: objectAt(manifest, ...template, 'metadata'),
      stamp: {
        name: `${name}-`,
        labels: {
          'ray.io/originated-from-crd': 'RayJob',
          'ray.io/originated-from-cr-name': name,
          'app.kubernetes.io/created-by': 'kuberay-operator',
          'batch.kubernetes.io/job-name': name,
        },
        owner: { apiVersion: 'batch/v1', kind: 'Job', name },
      },
      replicas: ONE,
    },
  ]
}

// The operator appends five random characters to the name.
function createdCluster(source: Source, path: Path): readonly Draft[] {
  const name = `${source.name}-x2x2x`
  return clusterDrafts(source, path, name, { apiVersion: source.apiVersion, kind: 'RayCluster', name })
}

function clusterDrafts({ manifest }: Source, path: Path, cluster: string, owner: Owner): readonly Draft[] {
  const groups = itemsAt(manifest, ...path, 'workerGroupSpecs').map((_, index) => workerGroup(manifest, path, index))
  const autoscaled = valueAt(manifest, [...path, 'enableInTreeAutoscaling']) === true
  const gangSize = sum(ONE, ...groups.map(group => (autoscaled ? group.fewest : group.pods)))
  const draft = (template: Path, type: string, group: string, replicas: Count, fewest: Count): Draft => ({
    path: [...template, 'spec'],
    metadata: objectAt(manifest, ...template, 'metadata'),
    stamp: {
      name: type === 'head' ? `${cluster}-head-` : `${cluster}-${group}-worker-`,
      labels: {
        'ray.io/is-ray-node': 'yes',
        'ray.io/cluster': cluster,
        'ray.io/node-type': type,
        'ray.io/group': group,
        'ray.io/identifier': `${cluster}-${type}`,
        'app.kubernetes.io/name': 'kuberay',
        'app.kubernetes.io/created-by': 'kuberay-operator',
      },
      owner,
    },
    replicas,
    gangSize,
    gangMembers: autoscaled ? fewest : replicas,
  })
  return [
    draft([...path, 'headGroupSpec', 'template'], 'head', 'headgroup', ONE, ONE),
    ...groups.map(group => draft([...group.path, 'template'], 'worker', group.name, group.pods, group.fewest)),
  ]
}

function workerGroup(manifest: Source['manifest'], cluster: Path, index: number): WorkerGroup {
  const path: Path = [...cluster, 'workerGroupSpecs', index]
  const field = (name: string, absent: Count) => countAt(manifest, [...path, name], absent)
  const name = textAt(manifest, ...path, 'groupName')
  if (valueAt(manifest, [...path, 'suspend']) === true) return { path, name, pods: ZERO, fewest: ZERO }

  const hosts = field('numOfHosts', ONE)
  const fewest = field('minReplicas', ZERO)
  const wanted = most(field('replicas', fewest), fewest)
  const hasCeiling = valueAt(manifest, [...path, 'maxReplicas']) !== undefined
  const bounded = hasCeiling ? least(wanted, field('maxReplicas', wanted)) : wanted
  return { path, name, pods: product(bounded, hosts), fewest: product(fewest, hosts) }
}
