/** The objects of the small API server: collections by path, one version for all, and the watches that are told of changes. */
import type { ServerResponse } from 'node:http'
import { textAt } from '../admission/objects.ts'
import type { JsonObject } from '../schema/parts.ts'

export interface TestObjects {
  has(collection: string): boolean
  /** From now on the API exists. */
  serve(collection: string): void
  list(collection: string, query: Readonly<Record<string, string>>): JsonObject
  /** Goes on until the response ends; or says why it cannot. */
  watch(collection: string, version: string, response: ServerResponse): JsonObject | undefined
  get(collection: string, name: string): JsonObject
  create(collection: string, object: JsonObject): JsonObject
  replace(collection: string, name: string, object: JsonObject): JsonObject
  /** Creates or changes, whatever was there. */
  put(collection: string, name: string, fields?: JsonObject): JsonObject
  remove(collection: string, name: string): void
  bookmark(collection: string): void
  /** Sends a raw line to every watch. */
  say(collection: string, line: string): void
  /** Ends every watch: as agreed, or by cutting its connection. */
  end(collection: string, how: 'as agreed' | 'cut'): void
  /** Watches and pages from before are gone. */
  compact(): void
  /** Watches are told nothing more, as when the network swallows everything. */
  mute(): void
  /** Changes happen and nobody is told until this is called off. */
  unmute(): void
  version(): number
}

interface Change {
  readonly collection: string
  readonly type: string
  readonly object: JsonObject
  readonly version: number
}

export function status(code: number, reason: string, details: JsonObject = {}): JsonObject {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: `${reason} it is`, details }
}

export function stored(): TestObjects {
  const collections = new Map<string, Map<string, JsonObject>>()
  const watches = new Set<{ readonly collection: string; readonly response: ServerResponse }>()
  const snapshots = new Map<string, { readonly items: readonly JsonObject[]; readonly version: number }>()
  let history: Change[] = []
  let version = 100
  let compactedAt = 0
  let isMuted = false

  const of = (collection: string) => collections.get(collection) ?? new Map<string, JsonObject>()

  function tell(collection: string, line: string): void {
    for (const watch of watches) if (watch.collection === collection && !isMuted) watch.response.write(`${line}\n`)
  }

  function changed(collection: string, type: string, object: JsonObject): void {
    history.push({ collection, type, object, version })
    tell(collection, JSON.stringify({ type, object }))
  }

  function put(collection: string, name: string, fields: JsonObject = {}): JsonObject {
    version++
    const before = of(collection).get(name)
    const uid = textAt(before, 'metadata', 'uid') ?? `uid-${version}`
    const metadata = typeof fields.metadata === 'object' ? fields.metadata : {}
    const object = { ...fields, metadata: { ...metadata, name, uid, resourceVersion: String(version) } }
    of(collection).set(name, object)
    changed(collection, before === undefined ? 'ADDED' : 'MODIFIED', object)
    return object
  }

  function page(items: readonly JsonObject[], at: number, limit: number, asOf: number): JsonObject {
    const token = `${asOf}:${at + limit}:${items.length}`
    const isLast = at + limit >= items.length
    if (!isLast) snapshots.set(token, { items, version: asOf })
    const metadata = { resourceVersion: String(asOf), ...(isLast ? {} : { continue: token }) }
    return { kind: 'List', apiVersion: 'v1', metadata, items: items.slice(at, at + limit) }
  }

  return {
    put,
    has: collection => collections.has(collection),
    serve: collection => void collections.set(collection, of(collection)),
    version: () => version,
    list(collection, query) {
      const limit = Number(query.limit ?? Number.POSITIVE_INFINITY)
      if (query.continue === undefined) return page([...of(collection).values()], 0, limit, version)
      const snapshot = snapshots.get(query.continue)
      if (snapshot === undefined) return status(410, 'Expired')
      return page(snapshot.items, Number(query.continue.split(':')[1]), limit, snapshot.version)
    },
    watch(collection, from, response) {
      if (Number(from) < compactedAt) return status(410, 'Expired')
      const watch = { collection, response }
      watches.add(watch)
      response.once('close', () => watches.delete(watch))
      response.writeHead(200, { 'Content-Type': 'application/json' })
      response.flushHeaders()
      if (isMuted) return undefined
      for (const one of history) {
        if (one.collection !== collection || one.version <= Number(from)) continue
        response.write(`${JSON.stringify({ type: one.type, object: one.object })}\n`)
      }
      return undefined
    },
    get: (collection, name) => of(collection).get(name) ?? status(404, 'NotFound', { name }),
    create(collection, object) {
      const name = textAt(object, 'metadata', 'name') ?? ''
      return of(collection).has(name) ? status(409, 'AlreadyExists', { name }) : put(collection, name, object)
    },
    replace(collection, name, object) {
      const before = of(collection).get(name)
      if (before === undefined) return status(404, 'NotFound', { name })
      const wanted = textAt(object, 'metadata', 'resourceVersion')
      const isCurrent = wanted === undefined || wanted === textAt(before, 'metadata', 'resourceVersion')
      return isCurrent ? put(collection, name, object) : status(409, 'Conflict', { name })
    },
    remove(collection, name) {
      const before = of(collection).get(name)
      if (before === undefined) return
      version++
      of(collection).delete(name)
      const metadata = typeof before.metadata === 'object' ? before.metadata : {}
      changed(collection, 'DELETED', { ...before, metadata: { ...metadata, resourceVersion: String(version) } })
    },
    bookmark: collection =>
      tell(
        collection,
        JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version) } } }),
      ),
    say: tell,
    end(collection, how) {
      for (const watch of watches) {
        if (watch.collection !== collection) continue
        watches.delete(watch)
        if (how === 'cut') watch.response.destroy()
        else watch.response.end()
      }
    },
    compact() {
      compactedAt = version
      history = []
      snapshots.clear()
    },
    mute() {
      isMuted = true
    },
    unmute() {
      isMuted = false
    },
  }
}
