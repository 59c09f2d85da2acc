import type { Issue } from '../schema/parsed.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { type Count, UNTOLD } from './counts.ts'
import { isObject, listAt, objectAt, type Path, templateName, textAt, valueAt } from './json.ts'
import { withoutNulls } from './nulls.ts'

/** One kind of pod that a manifest's controller will create. */
export interface TemplatePod {
  /** The place of the pod spec: `spec.template.spec`, `spec.replicatedJobs.[node].template.spec.template.spec`, … */
  readonly podTemplate: string
  /** The same as keys. What stands there is the pod's spec only where `isPodSpec`. */
  readonly path: Path
  /** Whether the value at `path` is the pod spec as it is, so that a changed spec can be written back. */
  readonly isPodSpec: boolean
  /** A v1 Pod as the controller would send it: its labels, annotations, variables and owner included. */
  readonly pod: JsonObject
  /** Pods of this template; undefined while a placeholder stands there, or where only the cluster knows. */
  readonly replicas: number | undefined
  /**
   * Pods of the whole gang this pod is part of; undefined where it is part of none, or while that is open. The templates of a
   * gang may ask for different things, so what a gang needs is the sum over its templates, not this times one pod.
   */
  readonly gangSize: number | undefined
  /** False for a blueprint (a training runtime, a workflow template): others make pods of it, it is no usage itself. */
  readonly createsPods: boolean
  /** Placeholders met while building, and what a manifest leaves to objects of the cluster. */
  readonly undecidable: readonly Issue[]
}

/** A manifest with the fields that every controller reads. */
export interface Source {
  readonly manifest: JsonObject
  readonly apiVersion: string
  /** The API group, empty for the core. */
  readonly group: string
  readonly kind: string
  readonly name: string
  readonly uid: string
}

/** What a controller adds to the template when it makes a pod of it. */
export interface Stamp {
  /** The name, or the prefix of a generated one when it ends with a dash. */
  readonly name: string
  readonly labels?: Texts
  readonly annotations?: Texts
  /** Variables appended to every container. */
  readonly env?: Texts
  /** Fields of the pod spec that the controller fills in where the template leaves them out. */
  readonly defaults?: JsonObject
  readonly owner?: Owner
}

export interface Owner {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid?: string
}

type Texts = Readonly<Record<string, string>>

/** A template as a kind's builder finds it, before the pod is put together. */
export interface Draft {
  readonly path: Path
  /** The pod spec where it does not stand at `path` as it is. */
  readonly spec?: JsonObject
  /** The template's own metadata; a Pod's, where the manifest is the pod. */
  readonly metadata?: JsonObject
  readonly isPod?: true
  readonly stamp: Stamp
  readonly replicas: Count
  readonly gangSize?: Count
  readonly createsPods?: boolean
  readonly issues?: readonly Issue[]
}

const MAX_ISSUES = 20
// No kubelet runs a thousand containers in a pod. What the variables would tell of such a pod no longer matters.
const MAX_CONTAINERS = 1000

export function sourceOf(manifest: JsonObject): Source {
  const apiVersion = textAt(manifest, 'apiVersion')
  return {
    manifest,
    apiVersion,
    group: apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '',
    kind: textAt(manifest, 'kind'),
    name: textAt(manifest, 'metadata', 'name') || textAt(manifest, 'metadata', 'generateName'),
    uid: textAt(manifest, 'metadata', 'uid'),
  }
}

/** The manifest's own object as the owner of its pods. */
export function asOwner({ apiVersion, kind, name, uid }: Source): Owner {
  return { apiVersion, kind, name, ...(uid === '' ? {} : { uid }) }
}

/** A pod spec is what has containers; a template without any makes no pod. */
export function isPodSpec(value: JsonValue | undefined): value is JsonObject {
  const containers = listAt(value, 'containers')
  return containers.length > 0 && containers.every(isObject)
}

/** The pod, or nothing where the draft's place holds no pod spec. */
export function finish({ manifest }: Source, draft: Draft): TemplatePod | undefined {
  const spec = draft.spec ?? valueAt(manifest, draft.path)
  if (!isPodSpec(spec)) return undefined
  const gangSize = draft.gangSize ?? UNTOLD
  return {
    podTemplate: templateName(manifest, draft.path),
    path: draft.path,
    isPodSpec: draft.spec === undefined,
    pod: podFrom(manifest, draft, spec),
    replicas: draft.replicas.value,
    gangSize: gangSize.value,
    createsPods: draft.createsPods ?? true,
    undecidable: unique([...draft.replicas.issues, ...gangSize.issues, ...(draft.issues ?? [])]).slice(0, MAX_ISSUES),
  }
}

function podFrom(manifest: JsonObject, draft: Draft, spec: JsonObject): JsonObject {
  const { metadata = {}, stamp } = draft
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: withoutNulls({
      ...(draft.isPod ? metadata : namesOf(manifest, stamp)),
      labels: { ...objectAt(metadata, 'labels'), ...stamp.labels },
      annotations: { ...objectAt(metadata, 'annotations'), ...stamp.annotations },
    }),
    spec: withoutNulls({ ...stamp.defaults, ...withEnv(spec, stamp.env ?? {}) }),
  }
}

// A controller names its pods itself. Of the template's metadata only labels and annotations (and finalizers) reach a pod.
function namesOf(manifest: JsonObject, { name, owner }: Stamp): JsonObject {
  const namespace = textAt(manifest, 'metadata', 'namespace')
  return {
    ...(name.endsWith('-') ? { generateName: name } : { name }),
    ...(namespace === '' ? {} : { namespace }),
    ...(owner === undefined ? {} : { ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }] }),
  }
}

function withEnv(spec: JsonObject, env: Texts): JsonObject {
  const added = Object.entries(env).map(([name, value]) => ({ name, value }))
  if (added.length === 0 || listAt(spec, 'containers').length > MAX_CONTAINERS) return spec
  const containers = listAt(spec, 'containers').map(container =>
    isObject(container) ? { ...container, env: [...listAt(container, 'env'), ...added] } : container,
  )
  return { ...spec, containers }
}

// Replicas and gang size come from the same fields, and each field is one problem to its reader.
function unique(issues: readonly Issue[]): readonly Issue[] {
  return [...new Map(issues.map(issue => [`${issue.at}\n${issue.problem}`, issue])).values()]
}
