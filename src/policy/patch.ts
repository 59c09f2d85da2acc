import { isList, isObject, type JsonObject, type JsonValue } from '../schema/parts.ts'

/** One operation of RFC 6902, of the three kinds that injection needs. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string }

/** A place in a JSON document: object keys and list indexes, from the root. */
export type JsonPath = readonly (string | number)[]

/** Writes patch operations directly, and reads the document as it will be once they are applied. */
export interface PatchWriter {
  get(path: JsonPath): JsonValue | undefined
  /** Adds or replaces. Parents that are missing come with it. A value that already stands there writes nothing. */
  set(path: JsonPath, value: JsonValue): void
  /** Adds an item at the end of a list, which is created when it is missing. */
  append(path: JsonPath, item: JsonValue): void
  /** Removes the field that stands there, if any does. List items are not removed: their followers would move. */
  remove(path: JsonPath): void
  operations(): readonly PatchOperation[]
  /** Remembers this moment; calling what it returns takes back everything written since. */
  savepoint(): () => void
}

interface Step {
  readonly op: 'add' | 'replace' | 'remove'
  readonly path: JsonPath
}

/**
 * The document is never cloned: only the spine that a change touches is copied, and the values of the operations are read
 * from the result, so that ten labels on a pod without labels are one operation.
 */
export function patchOf(document: JsonObject): PatchWriter {
  let current: JsonValue = document
  let steps: readonly Step[] = []

  // What stands at or below a place that was written is ours: changing it changes the value of that operation.
  const isOurs = (path: JsonPath) => steps.some(step => step.op !== 'remove' && isWithin(path, step.path))
  // What was written below a place is void once the place itself is written or removed.
  const supersede = (path: JsonPath) => {
    steps = steps.filter(step => !isWithin(step.path, path))
  }

  const writer: PatchWriter = {
    get: path => valueAt(current, path),

    set(path, value) {
      const before = valueAt(current, path)
      if (before !== undefined && sameJson(before, value)) return
      const missing = firstMissing(current, path)
      current = withValue(current, path, value)
      if (isOurs(path)) return
      supersede(path)
      const step: Step = missing === undefined ? { op: 'replace', path } : { op: 'add', path: path.slice(0, missing) }
      steps = [...steps, step]
    },

    append(path, item) {
      const items = valueAt(current, path)
      if (Array.isArray(items)) writer.set([...path, items.length], item)
      else writer.set(path, [item])
    },

    remove(path) {
      if (valueAt(current, path) === undefined) return
      current = withoutValue(current, path)
      if (isOurs(path.slice(0, -1))) return
      supersede(path)
      if (valueAt(document, path) !== undefined) steps = [...steps, { op: 'remove', path }]
    },

    savepoint() {
      const before = { current, steps }
      return () => {
        current = before.current
        steps = before.steps
      }
    },

    operations: () =>
      steps.map(step =>
        step.op === 'remove'
          ? { op: step.op, path: pointer(step.path) }
          : { op: step.op, path: pointer(step.path), value: valueAt(current, step.path) ?? null },
      ),
  }
  return writer
}

/** Applies operations as the API server does. Throws where one does not apply: ours always do. */
export function applyPatch(document: JsonObject, operations: readonly PatchOperation[]): JsonObject {
  let current: JsonValue = document
  for (const operation of operations) {
    const path = pathOf(operation.path)
    if (!isApplicable(operation, path, current)) {
      throw new Error(`patch operation ${operation.op} ${operation.path} does not apply`)
    }
    current = operation.op === 'remove' ? withoutValue(current, path) : withValue(current, path, operation.value)
  }
  return current as JsonObject
}

/** Whether the place is there; a new one needs a parent and, in a list, the index after the last: we never push items aside. */
function isApplicable({ op }: PatchOperation, path: JsonPath, document: JsonValue): boolean {
  const parent = valueAt(document, path.slice(0, -1))
  if (parent === undefined || parent === null || typeof parent !== 'object') return false
  if (op !== 'add') return valueAt(document, path) !== undefined
  return !isList(parent) || path.at(-1) === parent.length
}

function isWithin(path: JsonPath, place: JsonPath): boolean {
  return place.length <= path.length && place.every((step, index) => step === path[index])
}

function pathOf(jsonPointer: string): JsonPath {
  return jsonPointer
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map(step => (/^(0|[1-9]\d*)$/.test(step) ? Number(step) : step))
}

function pointer(path: JsonPath): string {
  return path.map(step => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

function valueAt(root: JsonValue, path: JsonPath): JsonValue | undefined {
  let node: JsonValue | undefined = root
  for (const step of path) {
    if (node === undefined) return undefined
    node = child(node, step)
  }
  return node
}

// Own properties only: `constructor` is a legal label key, and must not find Object's.
function child(node: JsonValue, step: string | number): JsonValue | undefined {
  if (node === null || typeof node !== 'object') return undefined
  if (isList(node)) return typeof step === 'number' ? node[step] : undefined
  return Object.hasOwn(node, step) ? node[step] : undefined
}

/** How many steps of the path exist, plus one: the length of the path to the first place that does not. */
function firstMissing(root: JsonValue, path: JsonPath): number | undefined {
  for (let length = 1; length <= path.length; length += 1) {
    if (valueAt(root, path.slice(0, length)) === undefined) return length
  }
  return undefined
}

function withValue(node: JsonValue | undefined, path: JsonPath, value: JsonValue): JsonValue {
  const [step, ...rest] = path
  if (step === undefined) return value
  // `0` is an index of a list, and as good a label key as any.
  if (typeof step === 'number' && !isObject(node)) {
    const items: readonly JsonValue[] = node !== undefined && isList(node) ? node : []
    return items.toSpliced(step, 1, withValue(items[step], rest, value))
  }
  const fields = isObject(node) ? node : {}
  // A computed key in a literal defines an own property, even for `__proto__`.
  return { ...fields, [step]: withValue(child(fields, step), rest, value) }
}

function withoutValue(node: JsonValue, path: JsonPath): JsonValue {
  const [step, ...rest] = path
  if (step === undefined) return node
  const below = child(node, step)
  if (rest.length > 0) return below === undefined ? node : withValue(node, [step], withoutValue(below, rest))
  if (isList(node)) return typeof step === 'number' ? node.toSpliced(step, 1) : node
  return isObject(node) ? Object.fromEntries(Object.entries(node).filter(([key]) => key !== String(step))) : node
}

/** Whether two JSON values are equal; the order of keys does not count. */
export function sameJson(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, index) => sameJson(item, b[index] ?? null))
  if (isList(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every(key => Object.hasOwn(b, key) && sameJson(a[key] ?? null, b[key] ?? null))
  )
}
