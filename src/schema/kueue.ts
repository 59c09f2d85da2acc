import Type, { type Static, type TSchema } from 'typebox'
import { failed, type Parsed, parsed } from './parsed.ts'
import { type DeepReadonly, isObject, type JsonObject, type JsonValue, labelSelector } from './parts.ts'
import { parserOf } from './validator.ts'

/*
 * The part of Kueue's API that has a meaning in Sluice (kubernetes-sigs/kueue, apis/kueue/v1beta1 and v1beta2). Nearly everything is
 * open: what a newer Kueue adds must not make a queue unreadable, it is told of as having no counterpart.
 *
 * Between the two versions `ClusterQueue.spec.cohort` became `cohortName` and `Cohort.spec.parent` became `parentName`. Either is
 * read in either version, because people edit the one into the other by hand.
 */

const API_GROUP = 'kueue.x-k8s.io'

const textMap = Type.Unsafe<Record<string, string>>({ type: 'object', additionalProperties: { type: 'string' } })
const name = Type.String({ minLength: 1, maxLength: 317 })
// Quantities stay as they came: their parser says what is wrong with them and where.
const quantity = Type.Unsafe<JsonValue>({})

// Closed, unlike the rest: a limit that is misspelt would be imported as no limit at all.
const resourceQuota = Type.Object(
  {
    name,
    nominalQuota: quantity,
    borrowingLimit: Type.Optional(quantity),
    lendingLimit: Type.Optional(quantity),
  },
  { additionalProperties: false },
)

const resourceGroups = Type.Optional(
  Type.Array(Type.Object({ flavors: Type.Array(Type.Object({ name, resources: Type.Array(resourceQuota) })) })),
)

const fairSharing = Type.Optional(Type.Object({ weight: Type.Optional(quantity) }))

const clusterQueue = document({
  resourceGroups,
  cohort: Type.Optional(Type.String()),
  cohortName: Type.Optional(Type.String()),
  namespaceSelector: Type.Optional(labelSelector),
  fairSharing,
})

const cohort = document({
  resourceGroups,
  parent: Type.Optional(Type.String()),
  parentName: Type.Optional(Type.String()),
  fairSharing,
})

const nodeTaint = Type.Object({
  key: name,
  value: Type.Optional(Type.String()),
  effect: Type.Unsafe<'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'>({
    type: 'string',
    enum: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
  }),
})

const resourceFlavor = document({
  nodeLabels: Type.Optional(textMap),
  nodeTaints: Type.Optional(Type.Array(nodeTaint)),
})

const localQueue = Type.Object({
  metadata: Type.Object({ name, namespace: name }),
  spec: Type.Object({ clusterQueue: name }),
})

// A flavor without labels and a cohort that only has a name are written without a spec.
function document<P extends Record<string, TSchema>>(spec: P) {
  return Type.Object({ metadata: Type.Object({ name }), spec: Type.Optional(Type.Object(spec)) })
}

type Read<S extends TSchema> = DeepReadonly<Static<S>>
export type ResourceGroups = NonNullable<Read<typeof resourceGroups>>

/** An object of Kueue that an import reads, with the place it was read from and its spec as it was written. */
export type KueueObject =
  | (Placed & { readonly kind: 'ClusterQueue'; readonly document: Read<typeof clusterQueue> })
  | (Placed & { readonly kind: 'Cohort'; readonly document: Read<typeof cohort> })
  | (Placed & { readonly kind: 'ResourceFlavor'; readonly document: Read<typeof resourceFlavor> })
  | (Placed & { readonly kind: 'LocalQueue'; readonly document: Read<typeof localQueue> })

interface Placed {
  readonly at: string
  /** For whoever looks for fields that the types above do not have. */
  readonly spec: JsonObject
}

export function isKueueApi(apiVersion: unknown): boolean {
  return typeof apiVersion === 'string' && apiVersion.startsWith(`${API_GROUP}/`)
}

const SERVED: readonly string[] = ['v1beta1', 'v1beta2', 'v1']
const parseClusterQueue = parserOf(clusterQueue)
const parseCohort = parserOf(cohort)
const parseResourceFlavor = parserOf(resourceFlavor)
const parseLocalQueue = parserOf(localQueue)

/** Reads one object of Kueue's API; undefined for a kind that says nothing about quota. */
export function parseKueueObject(value: JsonObject, at: string): Parsed<KueueObject | undefined> {
  const placed = { at, spec: isObject(value.spec) ? value.spec : {} }
  if (!isReadable(value)) return unreadable(value, at)
  switch (value.kind) {
    case 'ClusterQueue':
      return changed(parseClusterQueue(value, at), document => ({ ...placed, kind: 'ClusterQueue', document }))
    case 'Cohort':
      return changed(parseCohort(value, at), document => ({ ...placed, kind: 'Cohort', document }))
    case 'ResourceFlavor':
      return changed(parseResourceFlavor(value, at), document => ({ ...placed, kind: 'ResourceFlavor', document }))
    case 'LocalQueue':
      return changed(parseLocalQueue(value, at), document => ({ ...placed, kind: 'LocalQueue', document }))
    default:
      return parsed(undefined)
  }
}

function isReadable({ kind, apiVersion }: JsonObject): boolean {
  const version = String(apiVersion).slice(API_GROUP.length + 1)
  // Cohorts came late: their v1alpha1 has the form of today's. Other kinds are looked at by name alone.
  const isEarlyCohort = kind === 'Cohort' && version === 'v1alpha1'
  return (
    isEarlyCohort ||
    SERVED.includes(version) ||
    !['ClusterQueue', 'ResourceFlavor', 'LocalQueue'].includes(String(kind))
  )
}

function unreadable({ kind, apiVersion }: JsonObject, at: string): Parsed<never> {
  const problem = `${String(kind)} of ${JSON.stringify(apiVersion)} cannot be imported`
  return failed({ at, problem, remedy: 'export it again from a newer Kueue: v1beta1 and v1beta2 are read' })
}

function changed<T>(result: Parsed<T>, change: (value: T) => KueueObject): Parsed<KueueObject> {
  return result.ok ? parsed(change(result.value)) : result
}
