import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { fieldPath } from '../schema/validator.ts'

/** Keys and list indexes from a manifest's root to a place in it. */
export type Path = readonly (string | number)[]

// Replica groups, tasks and steps of the largest real manifests count in dozens.
const MAX_ITEMS = 1000

const EMPTY: JsonObject = {}
const NONE: readonly JsonValue[] = []

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value at a path, through own fields only: a manifest may well say `constructor`. */
export function valueAt(value: JsonValue | undefined, path: Path): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>(childOf, value)
}

function childOf(value: JsonValue | undefined, step: string | number): JsonValue | undefined {
  if (isObject(value)) return Object.hasOwn(value, step) ? value[step] : undefined
  return Array.isArray(value) && typeof step === 'number' ? value[step] : undefined
}

/** The object at a path; an empty one where there is none, for what is missing and what is junk read the same. */
export function objectAt(value: JsonValue | undefined, ...path: Path): JsonObject {
  const found = valueAt(value, path)
  return isObject(found) ? found : EMPTY
}

export function listAt(value: JsonValue | undefined, ...path: Path): readonly JsonValue[] {
  const found = valueAt(value, path)
  return Array.isArray(found) ? found : NONE
}

/** The first items of a list that becomes pods or parts of one: what is cut off nobody has written by hand. */
export function itemsAt(value: JsonValue | undefined, ...path: Path): readonly JsonValue[] {
  return listAt(value, ...path).slice(0, MAX_ITEMS)
}

export function textAt(value: JsonValue | undefined, ...path: Path): string {
  const found = valueAt(value, path)
  return typeof found === 'string' ? found : ''
}

/** The fields of an object without those listed. */
export function without(value: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)))
}

/** Only the listed fields, where present. */
export function only(value: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key)))
}

/** A path as issues show it: `spec.workerGroupSpecs[0].replicas`. */
export function placeOf(path: Path): string {
  return fieldPath(path.map(step => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''))
}

/**
 * A path as pod templates are named: steps joined by dots, a list item in brackets by its `name` where it has one and by its
 * index where not (`spec.replicatedJobs.[node].template.spec.template.spec`). A name survives that somebody adds an item.
 */
export function templateName(root: JsonObject, path: Path): string {
  return path.map((step, depth) => stepName(root, path, step, depth)).join('.')
}

function stepName(root: JsonObject, path: Path, step: string | number, depth: number): string {
  if (typeof step === 'string') return step
  const name = textAt(root, ...path.slice(0, depth + 1), 'name')
  return `[${name === '' ? step : name}]`
}
