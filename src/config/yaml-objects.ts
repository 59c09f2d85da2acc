import { LineCounter, parseAllDocuments } from 'yaml'
import type { PlacedObject } from '../admission/objects.ts'
import type { Issue } from '../schema/parsed.ts'
import { isObject, type JsonObject, type JsonValue } from '../schema/parts.ts'

/** The objects of a YAML or JSON text, and what in it could not be read. One bad document does not hide the others. */
export interface ReadObjects {
  readonly objects: readonly PlacedObject[]
  readonly issues: readonly Issue[]
}

// YAML aliases can grow a small file into a huge value; honest manifests use a handful.
const MAX_ALIASES = 100
const MAX_DEPTH = 200

/** Reads every object of a text; `file` names it in issues. Lists (`kind: List`) count as their items. */
export function readObjects(text: string, file: string): ReadObjects {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, merge: true, logLevel: 'silent' })
  const objects: PlacedObject[] = []
  const issues: Issue[] = []

  for (const document of Array.isArray(documents) ? documents : []) {
    const [error] = document.errors
    if (error !== undefined) {
      const { line, col } = lines.linePos(error.pos[0])
      issues.push({ at: `${file}:${line}:${col}`, problem: problemOf(error) })
      continue
    }
    const at = `${file}:${lines.linePos(document.contents?.range?.[0] ?? 0).line}`
    const value = plainValue(document, at, issues)
    if (isObject(value)) objects.push(...flatten(value, at))
    else if (value !== null && value !== undefined)
      issues.push({ at, problem: 'is not an object with apiVersion and kind' })
  }
  return { objects, issues }
}

/** The objects of a value that was read elsewhere, as if it had been written as YAML. Throws a RangeError on one nested too deeply. */
export function objectsOf(value: JsonValue, at: string): readonly PlacedObject[] {
  const plain = withoutNulls(value, 0)
  return isObject(plain) ? flatten(plain, at) : []
}

function plainValue(
  document: { toJS(options: { maxAliasCount: number }): unknown },
  at: string,
  issues: Issue[],
): JsonValue | undefined {
  try {
    const value = document.toJS({ maxAliasCount: MAX_ALIASES })
    return withoutNulls(value as JsonValue, 0)
  } catch (cause) {
    issues.push({ at, problem: cause instanceof Error ? problemOf(cause) : 'cannot be read' })
    return undefined
  }
}

/** A field written as null is one that is not there, to the API server as well; in lists a null stays. */
function withoutNulls(value: JsonValue, depth: number): JsonValue {
  if (depth > MAX_DEPTH) throw new RangeError(`is nested deeper than ${MAX_DEPTH} levels`)
  if (Array.isArray(value)) return value.map(item => withoutNulls(item, depth + 1))
  if (!isObject(value)) return value
  const kept = Object.entries(value).filter(([, field]) => field !== null)
  return Object.fromEntries(kept.map(([key, field]) => [key, withoutNulls(field, depth + 1)]))
}

function flatten(value: JsonObject, at: string): readonly PlacedObject[] {
  const { items, apiVersion = '', kind } = value
  if (!Array.isArray(items) || !String(kind).endsWith('List')) return [{ at, value }]
  // The items of a typed list leave out their own type: in a PodList every item is a Pod.
  const type = kind === 'List' ? {} : { apiVersion, kind: String(kind).slice(0, -'List'.length) }
  return items.filter(isObject).map((item, index) => ({ at: `${at} items[${index}]`, value: { ...type, ...item } }))
}

/** The first line of a parser's message; its others draw the place, which is named already. */
function problemOf({ message }: Error): string {
  if (message.startsWith('Maximum call stack')) return 'is nested too deeply'
  return message.split('\n')[0]?.replace(/ at line \d+, column \d+:$/, '') ?? message
}
