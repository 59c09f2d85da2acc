import { isSluiceApi, parseDocument, type SluiceDocument } from '../schema/documents.ts'
import type { DocumentName, Issue, Parsed } from '../schema/parsed.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'

/** An object of a cluster with the place it was read from, such as `quotas.yaml:12`. */
export interface PlacedObject {
  readonly at: string
  readonly value: JsonObject
}

/** The objects of a cluster, sorted by what they are to Sluice. */
export interface ClusterObjects {
  readonly documents: readonly SluiceDocument[]
  readonly natives: readonly PlacedObject[]
}

/**
 * Reads objects layer upon layer: one of the same kind and name in a later layer replaces that of an earlier one, so that a
 * platform changes a shipped policy by writing its own of that name. Twice in one layer is a mistake, and both places are named.
 */
export function readObjects(layers: readonly (readonly PlacedObject[])[], issues: Issue[]): ClusterObjects {
  const effective = new Map<string, PlacedObject>()
  for (const layer of layers) {
    const inLayer = new Map<string, PlacedObject>()
    for (const object of layer) {
      const identity = identityOf(object)
      const twin = inLayer.get(identity)
      if (twin !== undefined) issues.push(...blamed(object, [duplicate(object, twin, identity)]))
      inLayer.set(identity, object)
    }
    for (const [identity, object] of inLayer) effective.set(identity, object)
  }
  return sort([...effective.values()], issues)
}

function sort(objects: readonly PlacedObject[], issues: Issue[]): ClusterObjects {
  const documents: SluiceDocument[] = []
  const natives: PlacedObject[] = []
  for (const object of objects) {
    if (!isSluiceApi(object.value.apiVersion)) {
      natives.push(object)
      continue
    }
    const document = read(object)
    if (document.ok) documents.push(document.value)
    else issues.push(...blamed(object, document.issues))
  }
  return { documents, natives }
}

/**
 * What is read of an object stays what it is, as long as the object does: of the thousands of a cluster, one changes at a time, and all
 * of them are assembled again.
 */
const READ = new WeakMap<PlacedObject, Parsed<SluiceDocument>>()

function read(object: PlacedObject): Parsed<SluiceDocument> {
  const known = READ.get(object)
  if (known !== undefined) return known
  const document = parseDocument(object.value, object.at)
  READ.set(object, document)
  return document
}

/** The name of one of our documents; undefined for anything else, and where it has none. */
export function documentName({ value }: PlacedObject): DocumentName | undefined {
  const name = textAt(value, 'metadata', 'name')
  return name === undefined || !isSluiceApi(value.apiVersion) ? undefined : { kind: String(value.kind), name }
}

function blamed(object: PlacedObject, issues: readonly Issue[]): readonly Issue[] {
  const document = documentName(object)
  return document === undefined ? issues : issues.map(issue => ({ ...issue, documents: [document] }))
}

function duplicate(object: PlacedObject, twin: PlacedObject, identity: string): Issue {
  return { at: object.at, problem: `${identity} is already at ${twin.at}`, remedy: 'remove or rename one of them' }
}

/** `sluice.dev GpuPolicy fabric`. What has no name is nothing but itself: it replaces nothing, and its reader will complain. */
function identityOf({ at, value }: PlacedObject): string {
  const name = textAt(value, 'metadata', 'name')
  if (name === undefined) return `unnamed object at ${at}`
  // A namespace on one of ours means nothing: all that people write are the cluster's.
  const namespace = isSluiceApi(value.apiVersion) ? undefined : textAt(value, 'metadata', 'namespace')
  const [group = ''] = String(value.apiVersion ?? '')
    .split('/')
    .slice(-2, -1)
  return [group, String(value.kind), namespace === undefined ? name : `${namespace}/${name}`]
    .filter(part => part !== '')
    .join(' ')
}

/** A field of hostile JSON, by own properties only. */
export function fieldAt(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  let node = value
  for (const step of path) {
    if (node === undefined || node === null || typeof node !== 'object' || Array.isArray(node)) return undefined
    node = Object.hasOwn(node, step) ? (node as JsonObject)[step] : undefined
  }
  return node
}

export function textAt(value: JsonValue | undefined, ...path: readonly string[]): string | undefined {
  const found = fieldAt(value, ...path)
  return typeof found === 'string' ? found : undefined
}

export function objectAt(value: JsonValue | undefined, ...path: readonly string[]): JsonObject | undefined {
  const found = fieldAt(value, ...path)
  return found !== null && typeof found === 'object' && !Array.isArray(found) ? (found as JsonObject) : undefined
}

/** A map of texts, such as labels; what is no text is left out. */
export function textsAt(value: JsonValue | undefined, ...path: readonly string[]): Readonly<Record<string, string>> {
  const entries = Object.entries(objectAt(value, ...path) ?? {})
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}
