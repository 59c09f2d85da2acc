import type { ClaimLookup, ClaimSource } from '../gpu/claims.ts'
import type { JsonObject } from '../schema/parts.ts'
import type { OwnerLookup } from './gang.ts'
import { fieldAt, objectAt, type PlacedObject, textAt, textsAt } from './objects.ts'
import { isOwner, ownerIndex } from './owners.ts'

/** What Sluice reads of objects that are Kubernetes' own. */
export interface Natives {
  readonly namespaces: ReadonlyMap<string, Labels>
  readonly priorityClasses: ReadonlySet<string>
  readonly defaultPriorityClass: string | undefined
  readonly nodes: readonly Node[]
  readonly claims: ClaimLookup
  readonly owners: OwnerLookup
  readonly ignored: readonly PlacedObject[]
}

export type Labels = Readonly<Record<string, string>>

export interface Node {
  readonly name: string
  readonly labels: Labels
  readonly allocatable: JsonObject
}

export function nativesOf(objects: readonly PlacedObject[]): Natives {
  const byKind = Map.groupBy(objects, ({ value }) => String(value.kind))
  const of = (kind: string) => (byKind.get(kind) ?? []).map(object => object.value)
  const priorityClasses = of('PriorityClass')
  return {
    namespaces: new Map(of('Namespace').map(value => [nameOf(value), namespaceLabels(nameOf(value), labelsOf(value))])),
    priorityClasses: new Set(priorityClasses.map(nameOf)),
    defaultPriorityClass: defaultOf(priorityClasses),
    nodes: of('Node').map(value => ({
      name: nameOf(value),
      labels: labelsOf(value),
      allocatable: objectAt(value, 'status', 'allocatable') ?? {},
    })),
    claims: claimIndex(objects.map(({ value }) => value)).lookup,
    owners: ownerIndex(objects.map(({ value }) => value)).lookup,
    ignored: objects.filter(({ value }) => !KINDS.has(String(value.kind)) && !isOwner(value)),
  }
}

const KINDS: ReadonlySet<string> = new Set([
  'Namespace',
  'PriorityClass',
  'Node',
  'ResourceClaimTemplate',
  'ResourceClaim',
  'ComputeDomain',
  'DeviceClass',
])

/** The API server labels every namespace with its own name. */
export function namespaceLabels(namespace: string, labels: Labels = {}): Labels {
  return { ...labels, 'kubernetes.io/metadata.name': namespace }
}

/** Of several global defaults, which a race can leave behind, the API server takes the one of the lowest value. */
function defaultOf(priorityClasses: readonly JsonObject[]): string | undefined {
  const [lowest] = priorityClasses
    .filter(({ globalDefault }) => globalDefault === true)
    .toSorted((a, b) => Number(a.value) - Number(b.value))
  return lowest === undefined ? undefined : nameOf(lowest)
}

/** DRA claims and what they are made from, as they come and go. */
export interface ClaimIndex {
  readonly lookup: ClaimLookup
  /** One of the same kind, namespace and name takes the place of the former. What is of another kind is passed over. */
  put(object: JsonObject): void
  drop(object: JsonObject): void
}

export function claimIndex(objects: readonly JsonObject[] = []): ClaimIndex {
  const templates = new Map<string, JsonObject>()
  const claims = new Map<string, JsonObject>()
  // The NVIDIA driver creates this template some time after its ComputeDomain; its devices are channels, not GPUs.
  const promised = new Map<string, string>()

  function put(object: JsonObject): void {
    const { kind } = object
    if (kind === 'ResourceClaimTemplate') enter(templates, object, objectAt(object, 'spec', 'spec'))
    if (kind === 'ResourceClaim') enter(claims, object, objectAt(object, 'spec'))
    if (kind === 'ComputeDomain') promised.set(promisedTemplate(object), `ComputeDomain ${nameOf(object)}`)
  }

  function drop(object: JsonObject): void {
    const { kind } = object
    if (kind === 'ResourceClaimTemplate') templates.delete(placeOf(object))
    if (kind === 'ResourceClaim') claims.delete(placeOf(object))
    if (kind === 'ComputeDomain') promised.delete(promisedTemplate(object))
  }

  for (const object of objects) put(object)
  return {
    put,
    drop,
    lookup: {
      template(namespace, name) {
        const key = keyOf(namespace, name)
        return source(templates.get(key), promised.get(key))
      },
      // What is promised is a template; a claim that happens to have its name is nobody's promise.
      claim: (namespace, name) => source(claims.get(keyOf(namespace, name))),
    },
  }
}

function enter(specs: Map<string, JsonObject>, object: JsonObject, spec: JsonObject | undefined): void {
  if (spec === undefined) specs.delete(placeOf(object))
  else specs.set(placeOf(object), spec)
}

function source(spec: JsonObject | undefined, by?: string): ClaimSource {
  if (spec !== undefined) return { kind: 'found', spec }
  return by === undefined ? { kind: 'missing' } : { kind: 'pending', by }
}

function promisedTemplate(computeDomain: JsonObject): string {
  const template = textAt(computeDomain, 'spec', 'channel', 'resourceClaimTemplate', 'name') ?? ''
  return keyOf(namespaceOf(computeDomain), template)
}

function placeOf(object: JsonObject): string {
  return keyOf(namespaceOf(object), nameOf(object))
}

function namespaceOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'namespace') ?? 'default'
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`
}

function nameOf(value: JsonObject): string {
  return String(fieldAt(value, 'metadata', 'name') ?? '')
}

function labelsOf(value: JsonObject): Labels {
  return textsAt(value, 'metadata', 'labels')
}
