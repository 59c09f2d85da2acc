/** What the loops need of an API server. */
import type { JsonObject } from '../schema/parts.ts'

export type PatchType = 'merge' | 'json' | 'apply'

export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** As the API server serves it, without a query: `/apis/sluice.dev/v1alpha1/cohorts/a/status`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: JsonObject | readonly JsonObject[]
  /** Says what the body of a PATCH is. */
  readonly patch?: PatchType
  /** Asks for nothing but metadata in the answer, where the body of the object is known already. */
  readonly isMetadataEnough?: boolean
  /** How long the answer is waited for. */
  readonly timeoutMs?: number
}

export interface ApiAnswer {
  readonly status: number
  /** What was asked for, or the Status that says why not. */
  readonly body: JsonObject
}

export interface ApiServer {
  /** Every status that comes is an answer. Rejects where none came, and then nothing says whether the call had effect. */
  call(request: ApiCall): Promise<ApiAnswer>
}

/** An object as it was told, reduced to what is kept of it. */
export interface Sighting<T> {
  readonly uid: string
  /** Empty for what belongs to the cluster. */
  readonly namespace: string
  readonly name: string
  /** Grows with every change of any object of the collection (KEP-5504). */
  readonly resourceVersion: bigint
  readonly kept: T
}

/** Who is told of the objects of a collection. It is called in order, and never waited for. */
export interface Audience<T> {
  /** All there are: at first, and again whenever the watch could not go on where it was. */
  replaced(all: readonly Sighting<T>[], resourceVersion: bigint): void
  /** One was created or changed. Undefined in `kept`: it is of no interest, or no longer. */
  changed(one: Sighting<T | undefined>): void
  /** One was deleted, or left the selection; as it was last, under the version of its end. */
  removed(one: Sighting<T | undefined>): void
  /** Everything up to this version has been told. */
  reached(resourceVersion: bigint): void
}

export interface Collection<T> {
  /** As the API server serves it: `/api/v1/pods`. */
  readonly path: string
  /** `labelSelector`, `fieldSelector`. */
  readonly query?: Readonly<Record<string, string>>
  /** What is kept of an object; a page is dropped before the next is read. Undefined: nothing. */
  readonly keep: (object: JsonObject) => T | undefined
  readonly audience: Audience<T>
}

/** A list and the watch that keeps it current, for as long as it is not stopped. */
export interface Following {
  /** Done when the first list was told. */
  readonly listed: Promise<void>
  /** Why what was told may be out of date; undefined while it is not. Cheap. */
  problem(): string | undefined
  stop(): void
}

export type Follow = <T>(collection: Collection<T>) => Following
