import type { Issue } from '../schema/parsed.ts'
import type { JsonObject } from '../schema/parts.ts'
import { deploymentStamp } from './apps.ts'
import { type Count, countAt, exactly, lessOne } from './counts.ts'
import type { Draft, Source } from './draft.ts'
import { isObject, listAt, objectAt, only, type Path, placeOf, textAt, valueAt, without } from './json.ts'

/*
 * KServe's InferenceService: components (predictor, transformer, explainer) whose object is a pod spec and more in one. A
 * predictor names a framework, whose object is one container and more, or brings containers of its own.
 */

const ONE = exactly(1)
const MAIN = 'kserve-container'
const COMPONENTS = ['predictor', 'transformer', 'explainer']

/** In the order KServe looks for them. `model` is today's form, the others are older than serving runtimes. */
const FRAMEWORKS = [
  'xgboost',
  'pytorch',
  'triton',
  'sklearn',
  'tensorflow',
  'onnx',
  'pmml',
  'lightgbm',
  'paddle',
  'huggingface',
  'model',
]

/** What a framework's object has of a container; the rest says what to serve. */
const CONTAINER_FIELDS = [
  'image',
  'command',
  'args',
  'env',
  'envFrom',
  'resources',
  'ports',
  'volumeMounts',
  'securityContext',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'workingDir',
  'imagePullPolicy',
]

/** What a component's object has beyond a pod spec. */
const EXTENSIONS = [
  ...FRAMEWORKS,
  'workerSpec',
  'storageUris',
  'storageContainerName',
  'minReplicas',
  'maxReplicas',
  'scaleTarget',
  'scaleMetric',
  'scaleMetricType',
  'autoScaling',
  'containerConcurrency',
  'timeout',
  'canaryTrafficPercent',
  'canary',
  'logger',
  'batcher',
  'labels',
  'annotations',
  'deploymentStrategy',
]

export function inferenceService(source: Source): readonly Draft[] {
  return COMPONENTS.flatMap(component => {
    const object = valueAt(source.manifest, ['spec', component])
    if (!isObject(object)) return []
    return isObject(valueAt(object, ['workerSpec']))
      ? multiNode(source, component, object)
      : [replicaDraft(source, component, object)]
  })
}

function replicaDraft(source: Source, component: string, object: JsonObject): Draft {
  const replicas = countAt(source.manifest, ['spec', component, 'minReplicas'], ONE)
  return draftOf(source, component, { object, containers: containersOf(object), replicas })
}

/** Nodes that serve one model together: the predictor is the head, the worker spec is all others. */
function multiNode(source: Source, component: string, object: JsonObject): readonly Draft[] {
  const path: Path = ['spec', component, 'workerSpec']
  const nodes = countAt(source.manifest, [...path, 'pipelineParallelSize'], ONE)
  const worker = objectAt(object, 'workerSpec')
  const workerContainers = listAt(worker, 'containers').filter(isObject)
  const [first = {}, ...others] = workerContainers
  const head = draftOf(source, component, { object, containers: containersOf(object), replicas: ONE, nodes })
  const rest = draftOf(source, component, {
    object: {
      ...without(worker, 'pipelineParallelSize', 'tensorParallelSize'),
      ...only(object, 'labels', 'annotations'),
    },
    containers: [{ ...first, name: 'worker-container' }, ...others],
    replicas: lessOne(nodes),
    nodes,
    path,
  })
  return [head, rest]
}

interface Replica {
  readonly object: JsonObject
  readonly containers: readonly JsonObject[]
  readonly replicas: Count
  /** Pods that serve one model together, where it takes several. */
  readonly nodes?: Count
  readonly path?: Path
}

function draftOf(source: Source, component: string, replica: Replica): Draft {
  const { object, containers, replicas, nodes, path = ['spec', component] } = replica
  const size = nodes?.value
  return {
    path,
    spec: { ...without(object, ...EXTENSIONS), containers },
    metadata: metadataOf(source, object),
    stamp: deploymentStamp(`${source.name}-${component}`, {
      labels: { 'serving.kserve.io/inferenceservice': source.name, component },
      env: size === undefined ? {} : { RAY_NODE_COUNT: String(size), PIPELINE_PARALLEL_SIZE: String(size) },
    }),
    replicas,
    ...(nodes === undefined ? {} : { gangSize: nodes }),
    issues: leftToRuntime(path, containers),
  }
}

// Labels of the service reach its pods, and those of the component win.
function metadataOf({ manifest }: Source, object: JsonObject): JsonObject {
  return {
    labels: { ...objectAt(manifest, 'metadata', 'labels'), ...objectAt(object, 'labels') },
    annotations: { ...objectAt(manifest, 'metadata', 'annotations'), ...objectAt(object, 'annotations') },
  }
}

function containersOf(object: JsonObject): readonly JsonObject[] {
  const own = listAt(object, 'containers').filter(isObject)
  const framework = FRAMEWORKS.find(name => isObject(valueAt(object, [name])))
  if (framework !== undefined) {
    const served = { name: MAIN, ...only(objectAt(object, framework), ...CONTAINER_FIELDS) }
    return [served, ...own.filter(container => textAt(container, 'name') !== MAIN)]
  }
  // Among containers of one's own the first serves, unless one has the name that says so.
  return own.map((container, index) =>
    index === 0 && textAt(container, 'name') === '' ? { ...container, name: MAIN } : container,
  )
}

function leftToRuntime(path: Path, containers: readonly JsonObject[]): readonly Issue[] {
  const [main] = containers
  if (main === undefined || valueAt(main, ['resources']) !== undefined) return []
  return [
    {
      at: placeOf(path),
      problem: 'the serving container names no resources; those of its serving runtime are not read here',
      remedy: 'set resources in the InferenceService',
    },
  ]
}
