import type { ClaimLookup, ClaimSource } from '../gpu/claims.ts'
import type { JsonObject } from '../schema/parts.ts'
import type { OwnerLookup } from './gang.ts'
import { fieldAt, objectAt, type PlacedObject, textAt, textsAt } from './objects.ts'
import { isOwner, ownerLookup } from './owners.ts'

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
    claims: claimLookup(of('ResourceClaimTemplate'), of('ResourceClaim'), of('ComputeDomain')),
    owners: ownerLookup(objects.map(({ value }) => value)),
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

function claimLookup(
  templates: readonly JsonObject[],
  claims: readonly JsonObject[],
  computeDomains: readonly JsonObject[],
): ClaimLookup {
  const templateSpecs = byKey(templates, value => objectAt(value, 'spec', 'spec'))
  const claimSpecs = byKey(claims, value => objectAt(value, 'spec'))
  // The NVIDIA driver creates this template some time after its ComputeDomain; its devices are channels, not GPUs.
  const promised = byKey(computeDomains, value => `ComputeDomain ${nameOf(value)}`, promisedTemplate)
  const source = (spec: JsonObject | undefined, by?: string): ClaimSource => {
    if (spec !== undefined) return { kind: 'found', spec }
    return by === undefined ? { kind: 'missing' } : { kind: 'pending', by }
  }
  return {
    template(namespace, name) {
      const key = keyOf(namespace, name)
      return source(templateSpecs.get(key), promised.get(key))
    },
    // What is promised is a template; a claim that happens to have its name is nobody's promise.
    claim: (namespace, name) => source(claimSpecs.get(keyOf(namespace, name))),
  }
}

function byKey<T>(
  objects: readonly JsonObject[],
  read: (object: JsonObject) => T | undefined,
  name: (object: JsonObject) => string = nameOf,
): ReadonlyMap<string, T> {
  const entries = objects.flatMap((object): [string, T][] => {
    const value = read(object)
    return value === undefined
      ? []
      : [[keyOf(textAt(object, 'metadata', 'namespace') ?? 'default', name(object)), value]]
  })
  return new Map(entries)
}

function promisedTemplate(computeDomain: JsonObject): string {
  return textAt(computeDomain, 'spec', 'channel', 'resourceClaimTemplate', 'name') ?? ''
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
