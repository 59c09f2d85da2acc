import type { Issue } from '../schema/parsed.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { exactly } from './counts.ts'
import { type Draft, isPodSpec, type Source } from './draft.ts'
import { isObject, itemsAt, listAt, objectAt, only, type Path, placeOf, textAt, valueAt } from './json.ts'
import { merged } from './merge.ts'

/*
 * Argo Workflows: every template with a container, a script or a container set becomes a pod when a step runs it. How often
 * that happens is the workflow's course; a draft stands for one step. Steps are no gang.
 */

// Enough for a patch of a pod spec; the API server would not take a much larger workflow anyway.
const MAX_PATCH_TEXT = 65_536
const EXECUTOR = 'quay.io/argoproj/argoexec'

/** Fields that a template sets for its pod, and the workflow for all pods whose template does not. */
const INHERITED = [
  'nodeSelector',
  'tolerations',
  'affinity',
  'schedulerName',
  'priorityClassName',
  'securityContext',
  'hostAliases',
  'automountServiceAccountToken',
  'serviceAccountName',
  'resourceClaims',
]

export function workflow(source: Source): readonly Draft[] {
  return workflowDrafts(source, ['spec'])
}

export function cronWorkflow(source: Source): readonly Draft[] {
  return workflowDrafts(source, ['spec', 'workflowSpec'])
}

/** WorkflowTemplate and ClusterWorkflowTemplate: a workflow that refers to one makes pods of it. */
export function workflowTemplate(source: Source): readonly Draft[] {
  return workflowDrafts(source, ['spec']).map(draft => ({ ...draft, createsPods: false }))
}

function workflowDrafts(source: Source, path: Path): readonly Draft[] {
  const spec = objectAt(source.manifest, ...path)
  const defaults = objectAt(spec, 'templateDefaults')
  return itemsAt(spec, 'templates').flatMap((item, index) => {
    const template: JsonObject = isObject(item) ? { ...defaults, ...item } : {}
    const built = stepSpec(spec, template)
    return built === undefined ? [] : [stepDraft(source, { spec, template, built, path, index })]
  })
}

interface Step {
  /** The workflow's spec and its place. */
  readonly spec: JsonObject
  readonly path: Path
  readonly template: JsonObject
  readonly index: number
  /** The pod spec before anybody patches it. */
  readonly built: JsonObject
}

function stepDraft(source: Source, { spec, path, template, index, built }: Step): Draft {
  const place: Path = [...path, 'templates', index]
  const patches = [readPatch(spec, path), readPatch(template, place)]
  const patched = patches.reduce((pod, patch) => merged(pod, patch.value), built)
  const step = `${source.name}-${textAt(template, 'name')}`
  return {
    path: place,
    spec: isPodSpec(patched) ? patched : built,
    metadata: podMetadata(spec, template),
    stamp: {
      name: `${step}-0`,
      labels: { 'workflows.argoproj.io/workflow': source.name, 'workflows.argoproj.io/completed': 'false' },
      annotations: { 'workflows.argoproj.io/node-name': step },
      owner: { apiVersion: source.apiVersion, kind: 'Workflow', name: source.name },
    },
    replicas: exactly(1),
    issues: patches.flatMap(patch => patch.issues),
  }
}

function stepSpec(spec: JsonObject, template: JsonObject): JsonObject | undefined {
  const containers = mainContainers(template)
  if (containers.length === 0) return undefined
  return {
    ...only(spec, 'hostNetwork', 'imagePullSecrets', ...INHERITED),
    ...only(template, ...INHERITED),
    restartPolicy: 'Never',
    volumes: [...listAt(spec, 'volumes'), ...listAt(template, 'volumes')],
    // The executor's own containers, which never need a device.
    initContainers: [{ name: 'init', image: EXECUTOR }, ...listAt(template, 'initContainers')],
    containers: [{ name: 'wait', image: EXECUTOR }, ...containers, ...listAt(template, 'sidecars')],
  }
}

function mainContainers(template: JsonObject): readonly JsonObject[] {
  const single = ['container', 'script'].map(field => valueAt(template, [field])).find(isObject)
  if (single !== undefined) return [{ ...single, name: 'main' }]
  return listAt(template, 'containerSet', 'containers').filter(isObject)
}

function podMetadata(spec: JsonObject, template: JsonObject): JsonObject {
  const both = (field: string): JsonValue => ({
    ...objectAt(spec, 'podMetadata', field),
    ...objectAt(template, 'metadata', field),
  })
  return { labels: both('labels'), annotations: both('annotations') }
}

interface Patch {
  readonly value: JsonObject
  readonly issues: readonly Issue[]
}

const NO_PATCH: Patch = { value: {}, issues: [] }

/** The patch that a workflow or a template lays over its pods. */
function readPatch(holder: JsonObject, path: Path): Patch {
  const text = textAt(holder, 'podSpecPatch')
  if (text === '') return NO_PATCH
  const value = text.length > MAX_PATCH_TEXT ? undefined : parsedObject(text)
  return value === undefined ? { value: {}, issues: [unreadPatch(path)] } : { value, issues: [] }
}

function parsedObject(text: string): JsonObject | undefined {
  try {
    const value: JsonValue = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    // The field may hold YAML, or an expression that Argo fills in when the step runs.
    return undefined
  }
}

function unreadPatch(path: Path): Issue {
  return {
    at: placeOf([...path, 'podSpecPatch']),
    problem: 'the patch is not JSON, so what it changes is not read here',
    remedy: 'write it as a JSON object without expressions',
  }
}
