import type { Issue } from '../schema/parsed.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { countAt, UNTOLD } from './counts.ts'
import type { Draft, Source } from './draft.ts'
import { isObject, listAt, objectAt, only, type Path, textAt, valueAt } from './json.ts'

/*
 * TrainJob of Kubeflow Trainer v2. Its pods come from a runtime that is another object; the TrainJob itself holds the nodes,
 * their resources and overrides, which is what quota asks about.
 */

const TRAINER: Path = ['spec', 'trainer']
const NODE = 'node'
const OVERRIDDEN = ['nodeSelector', 'tolerations', 'affinity', 'volumes', 'schedulingGates']

export function trainJob(source: Source): readonly Draft[] {
  const { manifest, name } = source
  const trainer = objectAt(manifest, ...TRAINER)
  const nodes = countAt(manifest, [...TRAINER, 'numNodes'], UNTOLD)
  return [
    {
      path: TRAINER,
      spec: { ...overrides(manifest), containers: [container(trainer)] },
      stamp: stampOf(source, nodes.value),
      replicas: nodes,
      gangSize: nodes,
      issues: leftToRuntime(manifest, name),
    },
  ]
}

function container(trainer: JsonObject): JsonObject {
  const resources = objectAt(trainer, 'resourcesPerNode')
  return { name: NODE, ...only(trainer, 'image', 'command', 'args', 'env'), resources }
}

function stampOf({ name, uid }: Source, nodes: number | undefined): Draft['stamp'] {
  const jobName = `${name}-${NODE}-0`
  return {
    name: `${jobName}-0-`,
    labels: {
      'jobset.sigs.k8s.io/jobset-name': name,
      ...(uid === '' ? {} : { 'jobset.sigs.k8s.io/jobset-uid': uid }),
      'jobset.sigs.k8s.io/replicatedjob-name': NODE,
      // The controller leaves this one on the Job. Here it stands in for PET_NNODES while the number of nodes is open.
      'trainer.kubeflow.org/trainjob-ancestor-step': 'trainer',
      'batch.kubernetes.io/job-name': jobName,
    },
    env: nodes === undefined ? {} : { PET_NNODES: String(nodes) },
    owner: { apiVersion: 'batch/v1', kind: 'Job', name: jobName },
  }
}

// The three forms of the field since Trainer 2.0: podSpecOverrides, podTemplateOverrides, runtimePatches.
function overrides(manifest: JsonObject): JsonObject {
  const specs = [
    ...listAt(manifest, 'spec', 'podSpecOverrides').filter(isForNodes),
    ...listAt(manifest, 'spec', 'podTemplateOverrides')
      .filter(isForNodes)
      .map(item => objectAt(item, 'spec')),
    ...listAt(manifest, 'spec', 'runtimePatches')
      .flatMap(patch => listAt(patch, 'trainingRuntimeSpec', 'template', 'spec', 'replicatedJobs'))
      .filter(job => textAt(job, 'name') === NODE)
      .map(job => objectAt(job, 'template', 'spec', 'template', 'spec')),
  ]
  return Object.assign({}, ...specs.filter(isObject).map(spec => only(spec, ...OVERRIDDEN)))
}

function isForNodes(item: JsonValue): boolean {
  const targets = listAt(item, 'targetJobs').map(target => textAt(target, 'name'))
  return targets.length === 0 || targets.includes(NODE) || targets.includes('trainer')
}

function leftToRuntime(manifest: JsonObject, name: string): readonly Issue[] {
  const runtime = textAt(manifest, 'spec', 'runtimeRef', 'name') || name
  return ['numNodes', 'resourcesPerNode']
    .filter(field => valueAt(manifest, [...TRAINER, field]) === undefined)
    .map(field => ({
      at: `spec.trainer.${field}`,
      problem: `is left to the training runtime ${JSON.stringify(runtime)}, which is not read here`,
      remedy: 'set it in the TrainJob',
    }))
}
