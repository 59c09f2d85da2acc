import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { isObject } from './json.ts'

// Deeper than any pod spec; below that a null stays, and the pod's parser says where.
const MAX_DEPTH = 32

/**
 * The object without fields that are null: the API server drops them (a chart's `env:` with nothing under it), so no pod that
 * comes to admission has one.
 */
export function withoutNulls(value: JsonObject): JsonObject {
  // YAML anchors make one object appear in many places, and even inside itself: each is cleaned once.
  const clean = cleaned(value, new Map(), 0)
  return isObject(clean) ? clean : value
}

function cleaned(value: JsonValue, done: Map<JsonValue, JsonValue>, depth: number): JsonValue {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value
  const known = done.get(value)
  if (known !== undefined) return known
  done.set(value, value)
  const clean = isObject(value)
    ? Object.fromEntries(withoutNull(value).map(([key, item]) => [key, cleaned(item, done, depth + 1)]))
    : value.map(item => cleaned(item, done, depth + 1))
  done.set(value, clean)
  return clean
}

function withoutNull(value: JsonObject): readonly (readonly [string, JsonValue])[] {
  return Object.entries(value).filter(([, item]) => item !== null)
}
