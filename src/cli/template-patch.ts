import { Document } from 'yaml'
import type { TemplateReview } from '../admission/manifest-review.ts'
import { INJECTED_ANNOTATION } from '../admission/mutate.ts'
import type { PlacedObject } from '../admission/objects.ts'
import { applyPatch, type JsonPath, type PatchOperation, patchOf, sameJson } from '../policy/patch.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { podTemplates, type TemplatePod } from '../workload/templates.ts'

/*
 * Patches are written against pods, and manifests hold templates of them: with fewer items in their lists, because controllers add
 * some, and in some kinds (InferenceService, Workflow, TrainJob) in a form of their own. So each change is tried where it may
 * belong, and kept where the pod that comes out of the manifest is the one that was wanted. A manifest is never guessed at.
 */

/** A manifest with what its pods are given written into their templates. */
export interface PatchedManifest {
  readonly manifest: JsonObject
  /** Changes that the form of a template cannot hold; the pods get them at admission all the same. */
  readonly unheld: readonly { readonly podTemplate: string; readonly operation: PatchOperation }[]
}

export function withPatchedTemplates({ at, value }: PlacedObject, reviews: readonly TemplateReview[]): PatchedManifest {
  const unheld: { podTemplate: string; operation: PatchOperation }[] = []
  const own = reviews.filter(review => review.at === at)
  const pods = new Map(
    own.map(({ template, operations }) => [template.podTemplate, applyPatch(template.pod, operations)]),
  )
  let manifest = value
  for (const { template, operations } of own) {
    for (const operation of operations) {
      const written = write(manifest, template.podTemplate, operation, pods)
      if (written === undefined) unheld.push({ podTemplate: template.podTemplate, operation })
      else manifest = written
    }
  }
  return { manifest, unheld }
}

/** The patched manifest as YAML; what it cannot hold stands above it as a comment. */
export function manifestYaml(object: PlacedObject, reviews: readonly TemplateReview[]): string {
  const { manifest, unheld } = withPatchedTemplates(object, reviews)
  const document = new Document(manifest)
  const byTemplate = Map.groupBy(unheld, ({ podTemplate }) => podTemplate)
  const notes = [...byTemplate].map(([podTemplate, lost]) => {
    const fields = new Set(lost.map(({ operation }) => stepsOf(operation).slice(0, 2).join('.')))
    return ` Given to the pods of ${podTemplate} at admission, as it cannot stand here: ${[...fields].join(', ')}`
  })
  if (notes.length > 0) document.commentBefore = notes.join('\n')
  return document.toString({ lineWidth: 0 })
}

function write(
  manifest: JsonObject,
  podTemplate: string,
  operation: PatchOperation,
  pods: ReadonlyMap<string, JsonObject>,
): JsonObject | undefined {
  const template = templateNamed(manifest, podTemplate)
  const wanted = template === undefined ? undefined : patched(template.pod, operation)
  if (template === undefined || wanted === undefined) return undefined
  const neighbours = podTemplates(manifest).filter(other => other.podTemplate !== podTemplate)
  for (const place of placesOf(manifest, template, stepsOf(operation))) {
    for (const change of [oneItem(operation), wholeField(wanted, operation)]) {
      const changed = change(manifest, place)
      const after = templateNamed(changed, podTemplate)
      if (after === undefined || !sameJson(inOrder(after.pod), inOrder(wanted))) continue
      if (neighbours.every(neighbour => isWelcome(neighbour, changed, pods))) return changed
    }
  }
  return undefined
}

/** Labels may stand where several templates read them. What is written there must be right for all of them. */
function isWelcome(neighbour: TemplatePod, changed: JsonObject, pods: ReadonlyMap<string, JsonObject>): boolean {
  const before = patchOf(neighbour.pod)
  const after = patchOf(templateNamed(changed, neighbour.podTemplate)?.pod ?? {})
  const final = patchOf(pods.get(neighbour.podTemplate) ?? neighbour.pod)
  if (!sameJson(before.get(['spec']) ?? null, after.get(['spec']) ?? null)) return false
  return ['labels', 'annotations'].every(field => {
    const texts = after.get(['metadata', field])
    return Object.entries(isFields(texts) ? texts : {}).every(([key, value]) => {
      const path = ['metadata', field, key]
      return key === INJECTED_ANNOTATION || value === before.get(path) || value === final.get(path)
    })
  })
}

function templateNamed(manifest: JsonObject, podTemplate: string): TemplatePod | undefined {
  return podTemplates(manifest).find(template => template.podTemplate === podTemplate)
}

function patched(pod: JsonObject, operation: PatchOperation): JsonObject | undefined {
  try {
    return applyPatch(pod, [operation])
  } catch {
    // The change builds on one that the template could not hold.
    return undefined
  }
}

/** A place in the manifest where a field of the pod may stand. */
interface Place {
  readonly path: JsonPath
  /** The list or map of the pod that holds the field, and that may be written as a whole. */
  readonly field: JsonPath
}

/** The places that one step sequence of a pod may mean, the likeliest first. */
function placesOf(manifest: JsonObject, { path }: TemplatePod, steps: readonly string[]): readonly Place[] {
  const [root = '', list = '', index = '', ...rest] = steps
  const beside = path.slice(0, -1)
  if (root === 'metadata') {
    const homes = [...(path.at(-1) === 'spec' ? [[...beside, 'metadata']] : []), [...path, 'metadata'], path, beside]
    return homes.map(home => ({ path: [...home, ...steps.slice(1)], field: [root, list] }))
  }
  if (!/^(initC|c)ontainers$/.test(list) || index === '') {
    return [{ path: [...path, ...steps.slice(1)], field: [root, list] }]
  }
  const field = [root, list, Number(index), ...rest.slice(0, 1)]
  return containersOf(manifest, path, list, Number(index)).map(home => ({ path: [...home, ...rest], field }))
}

/** Where a container may stand: in the list, perhaps behind one that the controller adds, or under a name (`model`, `container`). */
function containersOf(manifest: JsonObject, path: JsonPath, list: string, index: number): readonly JsonPath[] {
  const template = patchOf(manifest).get(path)
  const named = isFields(template) ? Object.keys(template).filter(key => isFields(template[key])) : []
  return [
    [...path, list, index],
    [...path, list, index - 1],
    ...named.map(key => [...path, key]),
    [...path, 'containerSet', list, index - 1],
  ]
}

type Change = (manifest: JsonObject, place: Place) => JsonObject

/** The change itself. An item goes to the end of its list: behind it stand, in the pod, only those that the controller adds. */
function oneItem(operation: PatchOperation): Change {
  return (manifest, { path }) => {
    const patch = patchOf(manifest)
    const place = withIndexes(manifest, path)
    const last = place.at(-1)
    if (operation.op === 'remove') patch.remove(place)
    else if (typeof last === 'number' && operation.op === 'add') patch.append(place.slice(0, -1), operation.value)
    else patch.set(place, joined(patch.get(place), operation.value))
    return patch.get([]) as JsonObject
  }
}

/** The whole list or map as the pod has it, for a template that would otherwise inherit it from its workflow. */
function wholeField(wanted: JsonObject, operation: PatchOperation): Change {
  return (manifest, { path, field }) => {
    const value = patchOf(wanted).get(field)
    const extra = stepsOf(operation).length - field.length
    if (value === undefined || extra <= 0) return manifest
    const patch = patchOf(manifest)
    patch.set(withIndexes(manifest, path.slice(0, -extra)), value)
    return patch.get([]) as JsonObject
  }
}

function joined(present: JsonValue | undefined, value: JsonValue): JsonValue {
  return isFields(present) && isFields(value) ? { ...present, ...value } : value
}

function stepsOf({ path }: PatchOperation): readonly string[] {
  return path
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Text steps as list indexes, except where the manifest has a map. */
function withIndexes(manifest: JsonObject, steps: JsonPath): JsonPath {
  const reader = patchOf(manifest)
  let path: JsonPath = []
  for (const step of steps) {
    const isIndex = typeof step === 'string' && /^\d+$/.test(step) && !isFields(reader.get(path))
    path = [...path, isIndex ? Number(step) : step]
  }
  return path
}

// Controllers add to lists as well, and which comes first is theirs to say.
function inOrder(value: JsonValue): JsonValue {
  if (Array.isArray(value))
    return value.map(inOrder).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  if (!isFields(value)) return value
  const keys = Object.keys(value).toSorted()
  return Object.fromEntries(keys.map(key => [key, inOrder(value[key] ?? null)]))
}

function isFields(value: JsonValue | undefined): value is JsonObject {
  return value !== undefined && value !== null && typeof value === 'object' && !Array.isArray(value)
}
