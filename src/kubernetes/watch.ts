/**
 * One watch, from a version until it ends.
 *
 * Why not the Watch of @kubernetes/client-node 2.0.1 (dist/watch.js): it swallows what the callback throws and lines it cannot parse,
 * in one empty catch; it takes 30 s without data for a dead connection, while bookmarks come once a minute at best; it makes a new undici Agent
 * for each watch and closes none; and readline hands lines on however slow their reader is.
 */
import { fieldAt, textAt } from '../admission/objects.ts'
import type { Audience, Collection } from '../controller/api-server.ts'
import { isObject, type JsonObject } from '../schema/parts.ts'
import { bodyOf, jsonOf, readText } from './body.ts'
import { eventLines } from './event-lines.ts'
import type { Line } from './line.ts'
import { refusal } from './list.ts'
import { sighting, versionAt } from './sighting.ts'
import { listenFor, type Time } from './silence.ts'

export type WatchEnd =
  /** The time that was asked for is over. */
  | { readonly kind: 'over' }
  /** The API server no longer knows what happened since. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'silent' }
  /** The audience threw, so what it knows now is anybody's guess. */
  | { readonly kind: 'untold'; readonly cause: unknown }
  | { readonly kind: 'failed'; readonly why: string; readonly cause?: unknown; readonly retryAfterMs?: number }

export interface WatchDeps<T> extends Time {
  readonly line: Line
  readonly collection: Pick<Collection<T>, 'path' | 'query'>
  readonly keep: (object: JsonObject) => T | undefined
  readonly audience: Audience<T>
  readonly seconds: number
  readonly stopped: AbortSignal
  /** It has begun: what happened since `from` comes at once. */
  readonly opened: () => void
  /** Everything up to this version was told. */
  readonly reached: (version: bigint) => void
}

/** Longer than any watch is asked to last: what tells nothing for so long does not even end. */
const SILENCE_MS = 100_000

export async function watch<T>(deps: WatchDeps<T>, from: bigint): Promise<WatchEnd> {
  const dead = new AbortController()
  const ear = listenFor(deps, SILENCE_MS, () => dead.abort())
  try {
    const signal = AbortSignal.any([dead.signal, deps.stopped])
    const response = await deps.line.send({
      method: 'GET',
      path: deps.collection.path,
      query: queryOf(deps, from),
      signal,
    })
    if (response.statusCode !== 200) {
      const status = response.statusCode ?? 0
      return refused(status, bodyOf(status, await readText(response)) ?? {})
    }
    deps.opened()
    for await (const line of eventLines(response)) {
      ear.heard()
      const end = told(jsonOf(line), deps)
      if (end !== undefined) return end
    }
    return { kind: 'over' }
  } catch (cause) {
    if (dead.signal.aborted) return { kind: 'silent' }
    return { kind: 'failed', why: cause instanceof Error ? cause.message : 'it failed', cause }
  } finally {
    ear.stop()
    // Also when it ends in the middle: a connection that nobody reads is a leak.
    dead.abort()
  }
}

function queryOf<T>({ collection, seconds }: WatchDeps<T>, from: bigint): Readonly<Record<string, string>> {
  const watching = { watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: String(seconds) }
  return { ...collection.query, ...watching, resourceVersion: String(from) }
}

/** Tells one event. The end of the watch, if it is that. */
function told<T>(event: unknown, deps: WatchDeps<T>): WatchEnd | undefined {
  const object = isObject(event) ? event.object : undefined
  if (!isObject(event) || !isObject(object)) return malformed('an event that is no JSON object')
  const type = textAt(event, 'type') ?? ''
  if (type === 'ERROR') return refused(codeOf(object), object)
  const version = versionAt(object)
  if (version === undefined) return malformed('an event without a version')
  if (type === 'BOOKMARK') return tell(deps, version, audience => audience.reached(version))
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') return malformed(`an event of the type ${type}`)

  const seen = sighting(object, deps.keep)
  if (seen === undefined) return malformed('an object without uid or name')
  return tell(deps, version, audience => (type === 'DELETED' ? audience.removed(seen) : audience.changed(seen)))
}

function tell<T>(deps: WatchDeps<T>, version: bigint, how: (audience: Audience<T>) => void): WatchEnd | undefined {
  try {
    how(deps.audience)
  } catch (cause) {
    return { kind: 'untold', cause }
  }
  deps.reached(version)
  return undefined
}

function malformed(what: string): WatchEnd {
  return { kind: 'failed', why: `the API server sent ${what.slice(0, 100)}` }
}

function codeOf(status: JsonObject): number {
  const code = fieldAt(status, 'code')
  return typeof code === 'number' ? code : 0
}

/** 404: the API is no longer there, which the next list will find. */
function refused(status: number, body: JsonObject): WatchEnd {
  if (status === 410 || status === 404 || textAt(body, 'reason') === 'Expired') return { kind: 'gone' }
  return { kind: 'failed', ...refusal({ status, body }) }
}
