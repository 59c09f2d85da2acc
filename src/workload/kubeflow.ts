import type { JsonObject } from '../schema/parts.ts'
import { type Count, countAt, exactly, least, sum } from './counts.ts'
import { asOwner, type Draft, type Source, type Stamp } from './draft.ts'
import { objectAt, type Path, valueAt } from './json.ts'

/*
 * The job kinds of kubeflow.org: a map from replica type to replicas and template. Training operator (v1) and MPI operator
 * (v2beta1) leave almost the same marks.
 */

const ONE = exactly(1)
// The kinds know at most five replica types.
const MAX_TYPES = 16

interface KindRules {
  /** Where the kind keeps its replicas. */
  readonly field: string
  /** The operator's name on the pods. */
  readonly operator: string
  /** The variable in which the operator tells each pod how many there are. */
  readonly sizeEnv?: string
}

const KINDS: ReadonlyMap<string, KindRules> = new Map<string, KindRules>([
  ['PyTorchJob', { field: 'pytorchReplicaSpecs', operator: 'pytorchjob-controller', sizeEnv: 'PET_NNODES' }],
  ['TFJob', { field: 'tfReplicaSpecs', operator: 'tfjob-controller' }],
  ['XGBoostJob', { field: 'xgbReplicaSpecs', operator: 'xgboostjob-controller', sizeEnv: 'WORLD_SIZE' }],
  ['PaddleJob', { field: 'paddleReplicaSpecs', operator: 'paddlejob-controller' }],
  ['JAXJob', { field: 'jaxReplicaSpecs', operator: 'jaxjob-controller', sizeEnv: 'NUM_PROCESSES' }],
  ['MPIJob', { field: 'mpiReplicaSpecs', operator: 'mpi-operator' }],
])

export const KUBEFLOW_KINDS: readonly string[] = [...KINDS.keys()]

export function kubeflowJob(source: Source): readonly Draft[] {
  const rules = KINDS.get(source.kind)
  if (rules === undefined) return []
  const path: Path = ['spec', rules.field]
  const types = Object.keys(objectAt(source.manifest, ...path)).slice(0, MAX_TYPES)
  const counts = types.map(type => countAt(source.manifest, [...path, type, 'replicas'], ONE))
  const gangSize = sum(...counts.filter((_, index) => doesWork(source, types[index] ?? '')))
  return types.map((type, index) => ({
    path: [...path, type, 'template', 'spec'],
    metadata: objectAt(source.manifest, ...path, type, 'template', 'metadata'),
    stamp: stampOf(source, rules, type.toLowerCase(), gangSize),
    replicas: counts[index] ?? ONE,
    gangSize,
    gangMembers: leastOf(source, type, counts[index] ?? ONE),
  }))
}

// Only workers of a PyTorchJob come and go; the operator takes their replicas for a minimum that is left out.
function leastOf({ manifest, kind }: Source, type: string, replicas: Count): Count {
  if (kind !== 'PyTorchJob' || type !== 'Worker') return replicas
  return least(replicas, countAt(manifest, ['spec', 'elasticPolicy', 'minReplicas'], replicas))
}

// An MPI launcher starts the others and waits for them, unless it is told to be the first worker as well. Counting it would
// make a job of one worker look like two that communicate, and charge a pod's accelerators to one that has none.
function doesWork({ manifest }: Source, type: string): boolean {
  return type !== 'Launcher' || valueAt(manifest, ['spec', 'runLauncherAsWorker']) === true
}

function stampOf(source: Source, rules: KindRules, type: string, gangSize: Count): Stamp {
  const { name } = source
  const labels = {
    'training.kubeflow.org/operator-name': rules.operator,
    'training.kubeflow.org/job-name': name,
    'training.kubeflow.org/replica-type': type,
    'training.kubeflow.org/replica-index': '0',
    'training.kubeflow.org/job-role': type,
  }
  const env = gangEnv(source, rules, gangSize)
  // The MPI operator's launcher is the pod of a Job, so that it is retried; all others belong to the kubeflow object.
  return type === 'launcher' && source.apiVersion.endsWith('/v2beta1')
    ? {
        name: `${name}-launcher-`,
        labels,
        env,
        owner: { apiVersion: 'batch/v1', kind: 'Job', name: `${name}-launcher` },
      }
    : { name: `${name}-${type}-0`, labels, env, owner: asOwner(source) }
}

function gangEnv({ manifest }: Source, { sizeEnv }: KindRules, { value }: Count): Readonly<Record<string, string>> {
  if (sizeEnv === undefined || value === undefined) return {}
  const policy = objectAt(manifest, 'spec', 'elasticPolicy')
  if (Object.keys(policy).length === 0) return { [sizeEnv]: String(value) }
  // An elastic job runs with anything in a range, and says so in torchrun's notation.
  return { [sizeEnv]: `${countText(policy, 'minReplicas')}:${countText(policy, 'maxReplicas')}` }
}

function countText(policy: JsonObject, field: string): string {
  const bound = valueAt(policy, [field])
  return typeof bound === 'number' ? String(bound) : ''
}
