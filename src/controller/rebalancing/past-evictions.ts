/**
 * Who was evicted for fairness within the last hour. The events that tell of it are the memory: the API server keeps them for about as
 * long (`--event-ttl`, an hour), so a new leader knows what the former did.
 */
import type { Clock } from '../../admission/endpoint.ts'
import { fieldAt, textAt } from '../../admission/objects.ts'
import { isList } from '../../schema/parts.ts'
import type { ApiServer } from '../api-server.ts'
import { CONTROLLER, type EventReason } from './events.ts'

export interface PastEvictions {
  /** Reads what former leaders did, until that has succeeded once. Rejects where it cannot be read. */
  begin(): Promise<void>
  add(uid: string, namespace: string): void
  /** By tenant, of pods of whose namespace somebody knows the tenant. */
  withinTheHour(tenantOf: (namespace: string) => string | undefined): ReadonlyMap<string, number>
}

interface Eviction {
  readonly namespace: string
  readonly atMs: number
}

const HOUR_MS = 3_600_000
const REASON: EventReason = 'ReclaimedForFairness'

export function pastEvictions(api: ApiServer, clock: Clock): PastEvictions {
  const evictions = new Map<string, Eviction>()
  let isRead = false

  function forget(): void {
    for (const [uid, { atMs }] of evictions) if (atMs <= clock.now() - HOUR_MS) evictions.delete(uid)
  }

  return {
    async begin() {
      if (isRead) return
      for (const [uid, eviction] of await readEvictions(api)) if (!evictions.has(uid)) evictions.set(uid, eviction)
      isRead = true
    },
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

async function readEvictions(api: ApiServer): Promise<ReadonlyMap<string, Eviction>> {
  const path = '/apis/events.k8s.io/v1/events'
  const query = { fieldSelector: `reportingController=${CONTROLLER},reason=${REASON}` }
  const { status, body } = await api.call({ method: 'GET', path, query })
  const items = fieldAt(body, 'items')
  if (status !== 200 || !isList(items))
    throw new Error(`GET ${path} was answered ${status} ${textAt(body, 'message') ?? ''}`)
  return new Map(
    items.flatMap((item): (readonly [string, Eviction])[] => {
      const uid = textAt(item, 'regarding', 'uid')
      const namespace = textAt(item, 'regarding', 'namespace')
      const atMs = Date.parse(textAt(item, 'eventTime') ?? '')
      return uid === undefined || namespace === undefined || Number.isNaN(atMs) ? [] : [[uid, { namespace, atMs }]]
    }),
  )
}
