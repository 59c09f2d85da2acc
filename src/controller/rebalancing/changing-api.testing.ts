/** As much of an API server as the rebalancer changes: pods are patched and evicted, events are kept. */
import { fieldAt, objectAt, textAt } from '../../admission/objects.ts'
import type { JsonObject } from '../../schema/parts.ts'
import type { ApiAnswer, ApiCall, ApiServer } from '../api-server.ts'
import type { countingWorld } from '../counting/testing.ts'

/** Where a leader dies: at this call that changes something, with or without effect. */
export interface Death {
  readonly atCall: number
  readonly hasEffect: boolean
}

const MAX_ANNOTATIONS = 262_144
const FULL: ApiAnswer = { status: 422, body: { details: { causes: [{ field: 'metadata.annotations' }] } } }

/** What Kubernetes takes as the name of an object. */
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

type World = ReturnType<typeof countingWorld>

/** Pods can be patched and evicted, events are kept. What is evicted is on its way out until somebody ends it. */
export function changingApi(world: World) {
  const events = new Map<string, JsonObject>()
  const blocked = new Set<string>()
  const calls: ApiCall[] = []
  let isAway = false
  let isHanging = false
  let areEventsRefused = false

  const status = (code: number): ApiAnswer => ({ status: code, body: { kind: 'Status', message: `status ${code}` } })
  const named = (path: string) => {
    const [, namespace, name] = /namespaces\/([^/]+)\/pods\/([^/]+)/.exec(path) ?? []
    return world.server
      .pods()
      .find(one => textAt(one, 'metadata', 'name') === name && textAt(one, 'metadata', 'namespace') === namespace)
  }

  function patched(object: JsonObject, metadata: JsonObject): ApiAnswer {
    if (metadata.uid !== textAt(object, 'metadata', 'uid')) return status(409)
    const merged = (field: string) =>
      withoutNulls({ ...objectAt(object, 'metadata', field), ...objectAt(metadata, field) })
    const annotations = merged('annotations')
    if (JSON.stringify(annotations).length > MAX_ANNOTATIONS) return FULL
    const own = { ...objectAt(object, 'metadata'), labels: merged('labels'), annotations }
    world.server.put({ ...object, metadata: own })
    return { status: 200, body: { metadata: { resourceVersion: `${world.server.version()}` } } }
  }

  function evicted(object: JsonObject, { body, query }: ApiCall): ApiAnswer {
    const uid = textAt(object, 'metadata', 'uid') ?? ''
    if (fieldAt(body as JsonObject, 'deleteOptions', 'preconditions', 'uid') !== uid) return status(409)
    if (blocked.has(uid)) return status(429)
    const grace = Number(fieldAt(body as JsonObject, 'deleteOptions', 'gracePeriodSeconds'))
    if (query?.dryRun === undefined)
      world.server.put({ ...object, metadata: { ...objectAt(object, 'metadata'), ...deletion(object, grace) } })
    return status(201)
  }

  /** A deletion that is under way can be shortened, as from its own begin, and not be prolonged. */
  function deletion(object: JsonObject, grace: number): JsonObject {
    const goneBy = textAt(object, 'metadata', 'deletionTimestamp')
    const former = Number(fieldAt(object, 'metadata', 'deletionGracePeriodSeconds') ?? 0)
    if (goneBy !== undefined && grace >= former) return {}
    const begunMs = goneBy === undefined ? world.clock.now() : Date.parse(goneBy) - former * 1_000
    const deletionTimestamp = new Date(begunMs + grace * 1_000).toISOString()
    return { deletionTimestamp, deletionGracePeriodSeconds: grace }
  }

  function told(event: JsonObject): ApiAnswer {
    const name = textAt(event, 'metadata', 'name') ?? ''
    if (areEventsRefused) return status(403)
    if (!NAME.test(name) || name.length > 253) return status(422)
    if (events.has(name)) return status(409)
    events.set(name, event)
    return status(201)
  }

  function read({ path, query }: ApiCall): ApiAnswer | Promise<ApiAnswer> {
    if (path.endsWith('/events')) {
      const [, reason] = /reason=(\w+)/.exec(query?.fieldSelector ?? '') ?? []
      return { status: 200, body: { items: [...events.values()].filter(event => event.reason === reason) } }
    }
    if (!path.includes('/pods/')) return world.server.api.call()
    const object = named(path)
    return object === undefined ? status(404) : { status: 200, body: object }
  }

  function changed(request: ApiCall): ApiAnswer {
    const { path, body } = request
    if (path.endsWith('/events')) return told(body as JsonObject)
    const object = named(path)
    if (object === undefined) return status(404)
    if (path.endsWith('/eviction')) return evicted(object, request)
    return patched(object, fieldAt(body as JsonObject, 'metadata') as JsonObject)
  }

  async function call(request: ApiCall): Promise<ApiAnswer> {
    if (isAway) throw new Error('nobody answers')
    calls.push(request)
    if (isHanging && request.method === 'PATCH') {
      world.clock.advance(request.timeoutMs ?? 0)
      throw new Error('no answer in time')
    }
    return request.method === 'GET' ? read(request) : changed(request)
  }

  const setAway = (away: boolean): void => {
    isAway = away
  }
  /** Patches take as long as their callers wait. */
  const setHanging = (hanging: boolean): void => {
    isHanging = hanging
  }
  const refusesEvents = (refused: boolean): void => {
    areEventsRefused = refused
  }
  return { call, events, blocked, calls, setAway, setHanging, refusesEvents }
}

/** The same API for a caller who dies; whatever it calls after that is not heard. */
export function callsUntil(death: Death | undefined, { call }: ApiServer, died: () => void): ApiServer {
  let changes = 0
  let isDead = false
  const dead = new Error('whoever calls is dead')
  return {
    async call(request) {
      if (isDead) throw dead
      const isLast = request.method !== 'GET' && changes++ === death?.atCall
      if (!isLast) return call(request)
      isDead = true
      if (death?.hasEffect === true) await call(request)
      died()
      throw dead
    },
  }
}

function withoutNulls(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}
