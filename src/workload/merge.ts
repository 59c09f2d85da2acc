import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { isObject, textAt } from './json.ts'

// Deeper than any pod spec; a patch beyond it replaces instead of merging.
const MAX_DEPTH = 12

/**
 * A strategic merge patch as far as pod specs need one: objects merge, lists of named items merge by name, everything else
 * is replaced, null removes.
 */
export function merged(base: JsonObject, patch: JsonObject, depth = MAX_DEPTH): JsonObject {
  const fields = new Map(Object.entries(base))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) fields.delete(key)
    else fields.set(key, mergedValue(fields.get(key), value, depth - 1))
  }
  return Object.fromEntries(fields)
}

function mergedValue(base: JsonValue | undefined, patch: JsonValue, depth: number): JsonValue {
  if (depth <= 0) return patch
  if (isObject(base) && isObject(patch)) return merged(base, patch, depth)
  if (Array.isArray(base) && Array.isArray(patch) && areNamed(base) && areNamed(patch))
    return mergedList(base, patch, depth)
  return patch
}

function mergedList(base: readonly JsonObject[], patch: readonly JsonObject[], depth: number): readonly JsonObject[] {
  const items = new Map(base.map(item => [textAt(item, 'name'), item]))
  for (const item of patch) {
    const name = textAt(item, 'name')
    items.set(name, merged(items.get(name) ?? {}, item, depth))
  }
  return [...items.values()]
}

function areNamed(list: readonly JsonValue[]): list is readonly JsonObject[] {
  return list.every(item => isObject(item) && textAt(item, 'name') !== '')
}
