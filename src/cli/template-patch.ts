import { Document } from 'yaml'
import type { TemplateReview } from '../admission/manifest-review.ts'
import type { PlacedObject } from '../admission/objects.ts'
import { INJECTED_ANNOTATION } from '../policy/owned-keys.ts'
import { applyPatch, type PatchOperation, patchOf, sameJson } from '../policy/patch.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { podTemplates, type TemplatePod } from '../workload/templates.ts'
import { isFields, type Place, placesOf, stepsOf, withIndexes } from './template-places.ts'

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

// Controllers add to lists as well, and which comes first is theirs to say.
function inOrder(value: JsonValue): JsonValue {
  if (Array.isArray(value))
    return value.map(inOrder).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  if (!isFields(value)) return value
  const keys = Object.keys(value).toSorted()
  return Object.fromEntries(keys.map(key => [key, inOrder(value[key] ?? null)]))
}
