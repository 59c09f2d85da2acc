/** What the tests of this folder share: pods of owners, judged by the real webhook over a real ledger, and an API server of owners. */
import { type Refusals, validatePods } from '../../webhooks/validate-pods.ts'
import { assembleCluster } from '../admission/cluster.ts'
import { quotaDesk } from '../admission/desk.ts'
import type { Call, Log } from '../admission/endpoint.ts'
import { exemptNamespaces } from '../admission/exempt.ts'
import { fieldAt } from '../admission/objects.ts'
import { CLASSES, placed } from '../admission/testing.ts'
import { gpuContainer } from '../policy/testing.ts'
import { memoryStore } from '../quota/memory-store.ts'
import { manualClock } from '../quota/testing.ts'
import { ledgerWriter } from '../quota/writer.ts'
import type { JsonObject } from '../schema/parts.ts'
import { podRequest } from '../schema/review.ts'
import { parsedValue, written } from '../schema/testing.ts'
import type { ApiCall, ApiServer } from './api-server.ts'

export const SILENT: Log = { decision() {}, event() {}, problem() {} }

/** Tenants of one cohort by name, each with a namespace of its name, who share a burst pool of H100s. */
export interface Quotas {
  readonly burst: number
  readonly tenants: Readonly<Record<string, JsonObject>>
}

export function clusterOf({ burst, tenants }: Quotas, ...more: readonly JsonObject[]) {
  const cohort = { classes: [{ class: 'h100', capacity: { gpus: 10_000 }, burst }] }
  const quotas = Object.entries(tenants).map(([name, spec]) =>
    written('TenantQuota', name, { cohort: 'c', namespaces: [name], classes: [{ class: 'h100', burst: {} }], ...spec }),
  )
  return parsedValue(assembleCluster(placed([...CLASSES, written('Cohort', 'c', cohort), ...quotas, ...more])))
}

/** An owner in the namespace of its tenant. */
export interface TestOwner {
  readonly tenant: string
  readonly name: string
  readonly apiVersion?: string
  readonly kind?: string
}

export interface Attempt {
  readonly gpus?: number
  readonly metadata?: JsonObject
  readonly dryRun?: boolean
}

/** Admission with a clock that stands still. Pods are named by what creates them. */
export function admission(cluster: ReturnType<typeof clusterOf>, refusals: Refusals, clock = manualClock()) {
  const quotas = () => cluster.quotas
  const ledger = ledgerWriter({
    id: 'test',
    store: memoryStore(),
    quotas,
    clock,
    timer: clock,
    pendingMs: 3_600_000,
    gangHoldMs: 3_600_000,
    maxCharges: 100_000,
    retryAfterMs: 1_000,
  })
  const endpoint = validatePods({
    cluster: () => cluster,
    exempt: exemptNamespaces([]),
    desk: quotaDesk(ledger, quotas, clock),
    observer: { policyFailed() {} },
    refusals,
    clock,
  })
  let pods = 0

  return {
    clock,
    ledger,
    quotas,
    /** A controller creates one more pod; the UID that it has, or undefined where it was refused. */
    async attempt(owner: TestOwner | undefined, { gpus = 1, metadata = {}, dryRun = false }: Attempt = {}) {
      pods += 1
      const uid = `pod-${pods}`
      const ownerReferences = owner === undefined ? [] : [referenceTo(owner)]
      const object = {
        metadata: { name: uid, uid, ownerReferences, ...metadata },
        spec: { containers: [gpuContainer(gpus)] },
      }
      const request = { ...podRequest({ uid, namespace: owner?.tenant ?? 'a', object }), dryRun }
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }
      const call: Call = { query: '', deadlineMs: clock.now() + 10_000, timeoutMs: 10_000, isPeer: false, log: SILENT }
      const answer = await endpoint.answer(review, call)
      return fieldAt(answer.body as JsonObject, 'response', 'allowed') === true ? uid : undefined
    },
    free: (...uids: readonly string[]) =>
      ledger.amend(
        'c',
        uids.map(uid => ({ kind: 'release', uid }) as const),
      ),
  }
}

function uidOf({ tenant, name }: TestOwner): string {
  return `uid-${tenant}-${name}`
}

function referenceTo(owner: TestOwner): JsonObject {
  const { name, apiVersion = 'apps/v1', kind = 'ReplicaSet' } = owner
  return { apiVersion, kind, name, uid: uidOf(owner), controller: true }
}

export function pathTo({ tenant, name }: TestOwner): string {
  return `/apis/apps/v1/namespaces/${tenant}/replicasets/${name}`
}

interface Stored {
  readonly metadata: JsonObject
  readonly version: number
}

/** As much of an API server as waking meets: objects are read, and merged into where nobody was faster. */
export function ownersApi(onPatch: (path: string) => void = () => {}) {
  const objects = new Map<string, Stored>()
  const calls: ApiCall[] = []
  const disturbed = new Map<string, number | Error>()
  const body = ({ metadata, version }: Stored): JsonObject => ({
    metadata: { ...metadata, resourceVersion: `${version}` },
  })
  const status = (code: number) => ({ status: code, body: { kind: 'Status', message: `status ${code}` } })

  function patched(path: string, stored: Stored, patch: JsonObject) {
    const { resourceVersion, annotations } = patch
    if (resourceVersion !== `${stored.version}`) return status(409)
    const merged = { ...(stored.metadata.annotations as JsonObject), ...(annotations as JsonObject) }
    const next = { metadata: { ...stored.metadata, annotations: merged }, version: stored.version + 1 }
    objects.set(path, next)
    onPatch(path)
    return { status: 200, body: body(next) }
  }

  const api: ApiServer = {
    async call(request) {
      calls.push(request)
      const { method, path } = request
      const disturbance = disturbed.get(`${method} ${path}`)
      if (disturbance instanceof Error) throw disturbance
      const stored = objects.get(path)
      if (disturbance !== undefined || stored === undefined) return status(disturbance ?? 404)
      if (method === 'GET') return { status: 200, body: body(stored) }
      return patched(path, stored, fieldAt(request.body as JsonObject, 'metadata') as JsonObject)
    },
  }

  return {
    api,
    calls,
    add(owner: TestOwner, metadata: JsonObject = {}): void {
      objects.set(pathTo(owner), { metadata: { uid: uidOf(owner), annotations: {}, ...metadata }, version: 1 })
    },
    remove: (owner: TestOwner) => objects.delete(pathTo(owner)),
    /** The next calls of this method to this path are answered so, until undefined. */
    disturb(method: ApiCall['method'], owner: TestOwner, answer: number | Error | undefined): void {
      const key = `${method} ${pathTo(owner)}`
      if (answer === undefined) disturbed.delete(key)
      else disturbed.set(key, answer)
    },
    patches: () => calls.filter(({ method }) => method === 'PATCH').map(({ path }) => path),
  }
}
