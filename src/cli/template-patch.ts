import type { TemplateReview } from '../admission/manifest-review.ts'
import type { PlacedObject } from '../admission/objects.ts'
import { type JsonPath, type PatchOperation, type PatchWriter, patchOf } from '../policy/patch.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'

/** The manifest with what was injected into its pods written into their templates. */
export function withPatchedTemplates(object: PlacedObject, reviews: readonly TemplateReview[]): JsonObject {
  const manifest = patchOf(object.value)
  for (const { at, template, operations } of reviews) {
    if (at !== object.at) continue
    for (const operation of operations) applyToTemplate(manifest, template.path, operation)
  }
  return manifest.get([]) as JsonObject
}

/**
 * The patch was written against a pod, which also carries what its controller stamps on it. In the template lists may be shorter,
 * so an item is appended rather than placed.
 */
function applyToTemplate(manifest: PatchWriter, specPath: JsonPath, operation: PatchOperation): void {
  const [root, ...rest] = operation.path
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  const base = root === 'spec' ? specPath : [...specPath.slice(0, -1), 'metadata']
  const path = resolve(manifest, base, rest)
  if (operation.op === 'remove') manifest.remove(path)
  else if (typeof path.at(-1) === 'number') appendOrReplace(manifest, path, operation.value)
  else manifest.set(path, merged(manifest.get(path), operation.value))
}

function appendOrReplace(manifest: PatchWriter, path: JsonPath, value: JsonValue): void {
  if (manifest.get(path) === undefined) manifest.append(path.slice(0, -1), value)
  else manifest.set(path, value)
}

// What the pod lacked the template may have had removed by nobody: maps are joined, everything else replaced.
function merged(present: JsonValue | undefined, value: JsonValue): JsonValue {
  return isFields(present) && isFields(value) ? { ...present, ...value } : value
}

/** Text steps as list indexes where the place they lead to is a list of the pod's. */
function resolve(manifest: PatchWriter, base: JsonPath, steps: readonly string[]): JsonPath {
  let path = base
  for (const step of steps) {
    const isIndex = /^\d+$/.test(step) && !isFields(manifest.get(path))
    path = [...path, isIndex ? Number(step) : step]
  }
  return path
}

function isFields(value: JsonValue | undefined): value is JsonObject {
  return value !== undefined && value !== null && typeof value === 'object' && !Array.isArray(value)
}
