/**
 * A GpuUsage named `usage` in each namespace of each tenant: its own window on its quota, written by the leader.
 *
 * Nothing waits for it. A round looks at a part of the namespaces, a few at a time between other work, and writes what differs from what
 * is there, so many objects a second and no more (writing one for every pod is what filled etcd in kyverno#8974).
 */
import { hash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Cluster } from '../../admission/cluster.ts'
import type { Clock, Log } from '../../admission/endpoint.ts'
import { fieldAt, textAt } from '../../admission/objects.ts'
import type { PastDenial } from '../../admission/recent-denials.ts'
import { type BookOf, usageOfTenant } from '../../admission/usage-report.ts'
import type { Timer } from '../../quota/waiter.ts'
import { API_VERSION } from '../../schema/kind.ts'
import { isList, isObject, type JsonObject, type JsonValue } from '../../schema/parts.ts'
import { gpuUsage, type UsageStatus } from '../../schema/usage.ts'
import type { ApiServer, Audience, Follow, Following } from '../api-server.ts'
import { openRounds } from '../rounds.ts'
import { tokenBucket } from '../waking/token-bucket.ts'
import { usageStatus } from './usage-status.ts'

export interface UsageDeps {
  readonly cluster: () => Cluster
  readonly book: BookOf
  /** The last denials of a tenant, the newest first. */
  readonly denials: (tenant: string) => readonly PastDenial[]
  readonly api: ApiServer
  readonly follow: Follow
  readonly clock: Clock
  readonly timer: Timer
  readonly log: Log
}

export interface UsageObjects {
  /** Why what is there may not be known; undefined while it is. */
  problem(): string | undefined
  /** Nothing is written from now on, but for what is on its way. */
  stop(): void
}

/** What is told of an object that is there: enough to see whether it has to be written. */
interface Written {
  readonly tenant: string
  /** Of its status. */
  readonly digest: string
}

const NAME = 'usage'
const ROUND_MS = 5_000
const MOST_LOOKED_AT = 1_000
const LOOKED_AT_A_TIME = 50
const WRITES_PER_SECOND = 20
/** A namespace may be named by a tenant and not exist, or be about to go. */
const REFUSED_MS = 60_000

/** Writes for as long as this replica leads. */
export function usageObjects({ cluster, book, denials, api, follow, clock, timer, log }: UsageDeps): UsageObjects {
  const written = new Map<string, Written>()
  const refusedUntilMs = new Map<string, number>()
  const bucket = tokenBucket(WRITES_PER_SECOND, clock)
  let isListed = false
  let isStopped = false
  let next = 0
  const audience = audienceOf(written, () => {
    isListed = true
  })
  const following: Following = follow({ path: `/apis/${API_VERSION}/${gpuUsage.plural}`, keep: writtenIn, audience })

  async function round(): Promise<void> {
    if (!isListed) return
    const { tenantOfNamespace } = cluster().quotas
    const gone = [...written.keys()].filter(namespace => !tenantOfNamespace.has(namespace))
    for (const namespace of gone) await remove(namespace)

    const namespaces = [...tenantOfNamespace]
    if (next >= namespaces.length) next = 0
    const looked = namespaces.slice(next, next + MOST_LOOKED_AT)
    for (const [index, [namespace, tenant]] of looked.entries()) {
      if (index % LOOKED_AT_A_TIME === 0) await nextTurn()
      if (isStopped || !(await keepCurrent(namespace, tenant))) return
      next += 1
    }
  }

  /** False where there is no more to be written now. */
  async function keepCurrent(namespace: string, tenant: string): Promise<boolean> {
    if ((refusedUntilMs.get(namespace) ?? 0) > clock.now()) return true
    refusedUntilMs.delete(namespace)
    const status = usageStatus(usageOfTenant(tenant, cluster(), book), denials(tenant))
    // Its ledger has not been read yet: what was written before is nearer to the truth than nothing.
    if (status.classes === undefined) return true
    const digest = digestOf(asJson(status))
    const former = written.get(namespace)
    if (former?.tenant === tenant && former.digest === digest) return true
    if (bucket.take(1) === 0) return false
    await write(namespace, { tenant, digest }, status, former)
    return true
  }

  async function write(namespace: string, wanted: Written, status: UsageStatus, former?: Written): Promise<void> {
    const object = { apiVersion: API_VERSION, kind: gpuUsage.kind, metadata: { name: NAME, namespace } }
    const isThere =
      former?.tenant === wanted.tenant || (await apply(namespace, '', { ...object, spec: { tenant: wanted.tenant } }))
    if (!isThere || isStopped) return
    if (await apply(namespace, '/status', { ...object, status: asJson(status) })) written.set(namespace, wanted)
    else written.delete(namespace)
  }

  async function apply(namespace: string, subresource: string, body: JsonObject): Promise<boolean> {
    const path = `${pathIn(namespace)}${subresource}`
    const query = { fieldManager: 'sluice', force: 'true' }
    const answer = await api.call({ method: 'PATCH', path, query, patch: 'apply', body, isMetadataEnough: true })
    return isDone(namespace, answer.status, textAt(answer.body, 'message'))
  }

  async function remove(namespace: string): Promise<void> {
    if (isStopped || (refusedUntilMs.get(namespace) ?? 0) > clock.now() || bucket.take(1) === 0) return
    const { status, body } = await api.call({ method: 'DELETE', path: pathIn(namespace) })
    if (status === 404 || isDone(namespace, status, textAt(body, 'message'))) written.delete(namespace)
  }

  function isDone(namespace: string, status: number, reason = ''): boolean {
    if (status < 300) return true
    refusedUntilMs.set(namespace, clock.now() + REFUSED_MS)
    // The namespace is not there, or is being deleted.
    if (status !== 404 && status !== 403)
      log.problem('a GpuUsage was refused', undefined, { namespace, status, reason })
    return false
  }

  const problem = 'usage could not be written to the namespaces of tenants'
  const rounds = openRounds(round, { clock, timer, log, usualMs: ROUND_MS, problem })
  return {
    problem: () => following.problem(),
    stop() {
      isStopped = true
      rounds.stop()
      following.stop()
    },
  }
}

function audienceOf(written: Map<string, Written>, listed: () => void): Audience<Written> {
  return {
    replaced(all) {
      written.clear()
      for (const { namespace, kept } of all) written.set(namespace, kept)
      listed()
    },
    changed({ namespace, kept }) {
      if (kept !== undefined) written.set(namespace, kept)
    },
    removed({ namespace, name }) {
      if (name === NAME) written.delete(namespace)
    },
    reached() {},
  }
}

/** One of another name is somebody else's. */
function writtenIn(object: JsonObject): Written | undefined {
  if (textAt(object, 'metadata', 'name') !== NAME) return undefined
  return { tenant: textAt(object, 'spec', 'tenant') ?? '', digest: digestOf(fieldAt(object, 'status') ?? {}) }
}

function pathIn(namespace: string): string {
  return `/apis/${API_VERSION}/namespaces/${namespace}/${gpuUsage.plural}/${NAME}`
}

function asJson(status: UsageStatus): JsonObject {
  return status as unknown as JsonObject
}

function digestOf(status: JsonValue): string {
  return hash('sha256', JSON.stringify(inOrder(status)), 'base64url')
}

/** The API server gives fields and items back in an order of its own, and leaves out lists that are empty. */
function inOrder(value: JsonValue): JsonValue {
  if (isList(value)) return value.map(item => inOrder(item)).toSorted(byText)
  if (!isObject(value)) return value
  const fields = Object.entries(value).filter(([, field]) => !isList(field) || field.length > 0)
  return Object.fromEntries(
    fields.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]): [string, JsonValue] => [name, inOrder(field)]),
  )
}

function byText(a: JsonValue, b: JsonValue): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  if (left === right) return 0
  return left < right ? -1 : 1
}
