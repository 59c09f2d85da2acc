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
  return itemsAt(spec, 'templates').flatMap((template, index) => {
    const full: JsonObject = isObject(template) ? { ...defaults, ...template } : {}
    const containers = mainContainers(full)
    return containers.length === 0 ? [] : [stepDraft(source, spec, full, containers, [...path, 'templates', index])]
  })
}

function stepDraft(
  source: Source,
  spec: JsonObject,
  template: JsonObject,
  containers: readonly JsonObject[],
  path: Path,
): Draft {
  const built = stepSpec(spec, template, containers)
  const patches = [spec, template].map(holder => readPatch(holder)).filter(patch => patch !== undefined)
  const patched = patches.reduce((pod, patch) => (patch.ok ? merged(pod, patch.value) : pod), built)
  const step = `${source.name}-${textAt(template, 'name')}`
  return {
    path,
    spec: isPodSpec(patched) ? patched : built,
    metadata: podMetadata(spec, template),
    stamp: {
      name: `${step}-0`,
      labels: { 'workflows.argoproj.io/workflow': source.name, 'workflows.argoproj.io/completed': 'false' },
      annotations: { 'workflows.argoproj.io/node-name': step },
      owner: { apiVersion: source.apiVersion, kind: 'Workflow', name: source.name },
    },
    replicas: exactly(1),
    issues: patches.flatMap(patch => (patch.ok ? [] : [unreadPatch(path)])),
  }
}

function stepSpec(spec: JsonObject, template: JsonObject, containers: readonly JsonObject[]): JsonObject {
  return {
    ...only(spec, 'hostNetwork', 'imagePullSecrets', ...INHERITED),
    ...only(template, ...INHERITED),
    restartPolicy: 'Never',
    volumes: [...listAt(spec, 'volumes'), ...listAt(template, 'volumes')],
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

type Patch = { readonly ok: true; readonly value: JsonObject } | { readonly ok: false }

function readPatch(holder: JsonObject): Patch | undefined {
  const text = textAt(holder, 'podSpecPatch')
  if (text === '') return undefined
  if (text.length > MAX_PATCH_TEXT) return { ok: false }
  try {
    const value: JsonValue = JSON.parse(text)
    return isObject(value) ? { ok: true, value } : { ok: false }
  } catch {
    // The field may hold YAML, or an expression that Argo fills in when the step runs.
    return { ok: false }
  }
}

function unreadPatch(path: Path): Issue {
  return {
    at: placeOf([...path, 'podSpecPatch']),
    problem: 'the patch is not JSON, so what it changes is not read here',
    remedy: 'write it as a JSON object without expressions',
  }
}
