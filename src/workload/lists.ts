import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { isObject, textAt } from './json.ts'

// A cluster's whole content fits; a document that unfolds to more is not meant to be read.
const MAX_MANIFESTS = 100_000
const MAX_DEPTH = 8

/**
 * Single objects out of documents and of the lists among them (`List`, `PodList`, …), in order. What is no object is left out.
 *
 * @param most how many are read; the others are left out
 */
export function flattenLists(documents: readonly JsonValue[], most = MAX_MANIFESTS): readonly JsonObject[] {
  const manifests: JsonObject[] = []
  for (const document of documents) collect(document, manifests, { most, depth: MAX_DEPTH })
  return manifests
}

export function isListKind(manifest: JsonObject): boolean {
  return textAt(manifest, 'kind').endsWith('List') && Object.hasOwn(manifest, 'items') && Array.isArray(manifest.items)
}

function collect(value: JsonValue, into: JsonObject[], { most, depth }: { most: number; depth: number }): void {
  if (!isObject(value) || into.length >= most) return
  if (!isListKind(value)) {
    into.push(value)
    return
  }
  if (depth === 0) return
  for (const item of Array.isArray(value.items) ? value.items : []) {
    if (into.length >= most) return
    collect(isObject(item) ? typed(value, item) : item, into, { most, depth: depth - 1 })
  }
}

// The items of a typed list leave out their own type: in a PodList every item is a Pod of the list's version.
function typed(list: JsonObject, item: JsonObject): JsonObject {
  const kind = textAt(list, 'kind').slice(0, -'List'.length)
  if (kind === '' || textAt(item, 'kind') !== '') return item
  return { ...item, apiVersion: textAt(list, 'apiVersion'), kind }
}
