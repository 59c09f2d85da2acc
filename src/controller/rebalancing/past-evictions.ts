/**
 * Who was evicted for fairness within the last hour. The events that tell of it are the memory: the API server keeps them for about as
 * long (`--event-ttl`, an hour), so a new leader knows what the former did.
 */
import type { Clock, Log } from '../../admission/endpoint.ts'
import { fieldAt, textAt } from '../../admission/objects.ts'
import { isList, type JsonValue } from '../../schema/parts.ts'
import type { ApiServer } from '../api-server.ts'
import { CONTROLLER, type EventReason, isOurName } from './events.ts'

export interface PastEvictions {
  /** Begins to read what former leaders did, until that has succeeded once. Nobody waits for it. */
  begin(): void
  /** Whether what former leaders did has been read. */
  isRead(): boolean
  add(uid: string, namespace: string): void
  /** By tenant, of pods of whose namespace somebody knows the tenant. */
  withinTheHour(tenantOf: (namespace: string) => string | undefined): ReadonlyMap<string, number>
}

export interface PastEvictionsDeps {
  readonly api: ApiServer
  readonly clock: Clock
  readonly log: Log
}

interface Eviction {
  readonly namespace: string
  readonly atMs: number
}

const HOUR_MS = 3_600_000
/** Clocks of two leaders differ by less. What is told of a later time is made up, and would count until then. */
const CLOCKS_APART_MS = 30_000
const AGAIN_AFTER_MS = 30_000
const PAGE = '500'
/** Events of a whole cluster take a while to come out of etcd, and nobody waits for them. */
const PAGE_TIMEOUT_MS = 60_000
/**
 * More than anybody evicts within an hour. Tenants who may write events could write more, and then what was read has to do: a new leader
 * counts too few for some, which is better than that nobody gets a fair share any more.
 */
const MOST_PAGES = 20
const REASON: EventReason = 'ReclaimedForFairness'

export function pastEvictions({ api, clock, log }: PastEvictionsDeps): PastEvictions {
  const evictions = new Map<string, Eviction>()
  let isRead = false
  let isReading = false
  let beganMs = Number.NEGATIVE_INFINITY

  function forget(): void {
    for (const [uid, { atMs }] of evictions) if (atMs <= clock.now() - HOUR_MS) evictions.delete(uid)
  }

  async function read(): Promise<void> {
    isReading = true
    beganMs = clock.now()
    try {
      for (const [uid, eviction] of await readEvictions(api, clock))
        if (!evictions.has(uid)) evictions.set(uid, eviction)
      isRead = true
    } catch (cause) {
      log.problem('who was evicted for fairness within the last hour cannot be read', cause)
    }
    isReading = false
  }

  return {
    begin() {
      if (!isRead && !isReading && clock.now() - beganMs >= AGAIN_AFTER_MS) void read()
    },
    isRead: () => isRead,
    // One that is evicted again while it is on its way out is evicted once.
    add: (uid, namespace) => void (evictions.has(uid) || evictions.set(uid, { namespace, atMs: clock.now() })),
    withinTheHour(tenantOf) {
      forget()
      const counts = new Map<string, number>()
      for (const { namespace } of evictions.values()) {
        const tenant = tenantOf(namespace)
        if (tenant !== undefined) counts.set(tenant, (counts.get(tenant) ?? 0) + 1)
      }
      return counts
    },
  }
}

async function readEvictions(api: ApiServer, clock: Clock): Promise<ReadonlyMap<string, Eviction>> {
  const path = '/apis/events.k8s.io/v1/events'
  const fieldSelector = `reportingController=${CONTROLLER},reason=${REASON}`
  const evictions = new Map<string, Eviction>()
  let next = ''
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query = { fieldSelector, limit: PAGE, ...(next === '' ? {} : { continue: next }) }
    const { status, body } = await api.call({ method: 'GET', path, query, timeoutMs: PAGE_TIMEOUT_MS })
    const items = fieldAt(body, 'items')
    if (status !== 200 || !isList(items))
      throw new Error(`GET ${path} was answered ${status} ${textAt(body, 'message') ?? ''}`)
    for (const [uid, eviction] of items.flatMap(item => evictionOf(item, clock.now()))) evictions.set(uid, eviction)
    next = textAt(body, 'metadata', 'continue') ?? ''
    if (next === '') break
  }
  return evictions
}

/** Tenants may write events too: what we would not have written so counts for nobody. */
function evictionOf(event: JsonValue, nowMs: number): readonly (readonly [string, Eviction])[] {
  const [uid, namespace, pod] = ['uid', 'namespace', 'name'].map(key => textAt(event, 'regarding', key))
  const [name, inNamespace] = ['name', 'namespace'].map(key => textAt(event, 'metadata', key))
  const atMs = Date.parse(textAt(event, 'eventTime') ?? '')
  if (uid === undefined || namespace === undefined || pod === undefined || name === undefined) return []
  const isOurs = inNamespace === namespace && isOurName(name, pod)
  const isRecent = atMs > nowMs - HOUR_MS && atMs <= nowMs + CLOCKS_APART_MS
  return isOurs && isRecent ? [[uid, { namespace, atMs }]] : []
}
