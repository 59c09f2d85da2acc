import type { Issue } from '../schema/parsed.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'
import type { Count } from './counts.ts'
import { isObject, listAt, type Path, textAt } from './json.ts'

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
  /**
   * How many pods of this template the gang needs at least: fewer than its share of `gangSize` where the gang is elastic.
   * Undefined where `gangSize` is.
   */
  readonly gangMembers: number | undefined
  /** False for a blueprint (a training runtime, a workflow template): others make pods of it, it is no usage itself. */
  readonly createsPods: boolean
  /** False where the manifest leaves a part of the pod to objects of the cluster, such as a serving runtime. */
  readonly isPodKnown: boolean
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

export type Texts = Readonly<Record<string, string>>

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
  /** All replicas where it is left out. */
  readonly gangMembers?: Count
  readonly createsPods?: boolean
  readonly issues?: readonly Issue[]
}

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
