/** The real service over real HTTPS, with a cluster that a test writes down in YAML, and the reviews an API server would send it. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import https from 'node:https'
import { assembleCluster } from '../../src/admission/cluster.ts'
import type { Decision, Log } from '../../src/admission/endpoint.ts'
import type { AdmissionResponse } from '../../src/admission/response.ts'
import { quotaRows } from '../../src/cli/quota-rows.ts'
import { startService } from '../../src/cli/serve.ts'
import { readClusterFolder } from '../../src/config/cluster-folder.ts'
import { shippedLibrary } from '../../src/config/root.ts'
import { readObjects } from '../../src/config/yaml-objects.ts'
import { applyPatch, type PatchOperation } from '../../src/policy/patch.ts'
import { formatIssue, type Parsed } from '../../src/schema/parsed.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { MemoryLog, type Received, send } from './https.ts'

export interface WebhookService {
  readonly port: number
  readonly ca: string
  readonly log: MemoryLog
  /** Any bytes to any path, over a connection that is kept. */
  post(path: string, body: string | Buffer): Promise<Received>
  mutate(review: JsonObject): Promise<AdmissionResponse>
  validate(review: JsonObject): Promise<AdmissionResponse>
  /** What the API server does with a pod: mutate, patch, name, validate. */
  create(pod: JsonObject, options?: ReviewOptions): Promise<Created>
  /** What the API server tells of a pod that is deleted. */
  delete(pod: JsonObject, options?: ReviewOptions): Promise<AdmissionResponse>
  /** A round of the leader. */
  round(): Promise<void>
  /** Milli-GPUs in use, by `tenant/tier class`; what is not used is left out. */
  usage(): Readonly<Record<string, number>>
  close(): void
}

export interface Created {
  readonly operations: readonly PatchOperation[]
  /** The pod as it would be stored. */
  readonly pod: JsonObject
  readonly response: AdmissionResponse
}

export interface ServiceOptions {
  readonly exemptNamespaces?: readonly string[]
}

/** The shipped library, and over it what the YAML text holds. */
export async function startWebhooks(yaml: string, options: ServiceOptions = {}): Promise<WebhookService> {
  const { objects, issues } = readObjects(yaml, 'test')
  assert.deepEqual(issues, [])
  const cluster = value(assembleCluster(value(readClusterFolder(shippedLibrary())), objects))
  const log = new MemoryLog()
  const settings = {
    cluster: '',
    port: 0,
    host: '127.0.0.1',
    logLevel: 'silent',
    exemptNamespaces: [],
    ...options,
  } as const
  const service = value(await startService(cluster, settings, log satisfies Log))
  const { port, ca = '', ledger } = service
  service.lead()
  const agent = new https.Agent({ keepAlive: true })

  const post = (path: string, body: string | Buffer) => send({ port, ca }, { path: `${path}?timeout=10s`, body, agent })
  const review = async (path: string, body: JsonObject) => responseOf(await post(path, JSON.stringify(body)))
  const mutate = (body: JsonObject) => review('/mutate/pods', body)
  const validate = (body: JsonObject) => review('/validate/pods', body)
  return {
    port,
    ca,
    log,
    post,
    mutate,
    validate,
    async create(pod, options = {}) {
      const operations = patchOf(await mutate(reviewOf(pod, options)))
      const stored = named(applyPatch(pod, operations), options)
      return { operations, pod: stored, response: await validate(reviewOf(stored, options)) }
    },
    delete: (pod, options = {}) =>
      review('/delete/pods', reviewOf(null, { ...options, operation: 'DELETE', oldObject: pod })),
    async round() {
      await service.standalone.round()
    },
    usage: () =>
      Object.fromEntries(
        quotaRows(cluster.quotas, ledger)
          .filter(row => row.usage > 0n)
          .map(row => [`${row.tenant}/${row.tier} ${row.acceleratorClass}`, Number(row.usage)]),
      ),
    close() {
      agent.destroy()
      service.close()
    },
  }
}

export interface ReviewOptions {
  readonly namespace?: string
  readonly operation?: 'CREATE' | 'UPDATE' | 'DELETE'
  readonly oldObject?: JsonObject | null
  readonly dryRun?: boolean
  /** Fields of the request that differ from what an API server sends. */
  readonly request?: JsonObject
}

export const NAMESPACE = 'team-a'

/** As the API server of Kubernetes 1.36 writes it. */
export function reviewOf(object: JsonObject | null, options: ReviewOptions = {}): JsonObject {
  const { namespace = NAMESPACE, operation = 'CREATE', oldObject = null, dryRun = false, request = {} } = options
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: randomUUID(),
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      requestKind: { group: '', version: 'v1', kind: 'Pod' },
      requestResource: { group: '', version: 'v1', resource: 'pods' },
      namespace,
      operation,
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        groups: ['system:authenticated'],
      },
      object,
      oldObject,
      dryRun,
      options: { kind: `${operation === 'UPDATE' ? 'Update' : 'Create'}Options`, apiVersion: 'meta.k8s.io/v1' },
      ...request,
    },
  }
}

/** A pod of one container with these GPUs, as a user writes it and the API server defaults it. */
export function gpuPod(
  gpus: number | string,
  more: { readonly metadata?: JsonObject; readonly spec?: JsonObject } = {},
): JsonObject {
  const quantity = String(gpus)
  const resources = { limits: { 'nvidia.com/gpu': quantity }, requests: { 'nvidia.com/gpu': quantity } }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'worker-', namespace: NAMESPACE, ...more.metadata },
    spec: {
      priority: 0,
      nodeSelector: { 'node.kubernetes.io/instance-type': 'p5.48xlarge' },
      containers: [{ name: 'main', image: 'registry.example.com/train:1', resources }],
      ...more.spec,
    },
  }
}

/** The pod as the validating webhooks see it: with its final name and a UID of its own. */
export function named(pod: JsonObject, { namespace = NAMESPACE }: Pick<ReviewOptions, 'namespace'> = {}): JsonObject {
  const metadata = (pod.metadata ?? {}) as JsonObject
  const uid = randomUUID()
  const name = metadata.name ?? `${metadata.generateName ?? 'pod-'}${uid.slice(0, 5)}`
  return { ...pod, metadata: { ...metadata, name, namespace, uid } }
}

export function patchOf({ patch, patchType }: AdmissionResponse): readonly PatchOperation[] {
  if (patch === undefined) return []
  assert.equal(patchType, 'JSONPatch')
  return JSON.parse(Buffer.from(patch, 'base64').toString('utf8'))
}

export function responseOf({ status, text }: Received): AdmissionResponse {
  assert.equal(status, 200, text)
  const { apiVersion, kind, response } = JSON.parse(text)
  assert.deepEqual({ apiVersion, kind }, { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' })
  return response
}

/** The decisions of one webhook, as the log was told them. */
export function decisionsOf(service: WebhookService, webhook: Decision['webhook']): readonly Decision[] {
  return service.log.decisions.filter(decision => decision.webhook === webhook)
}

/** A cohort of 16 H100 with two tenants: 8 reserved, 4 shared and 4 for burst, of which each may take all but the other's reserve. */
export const QUOTAS = `
apiVersion: sluice.dev/v1alpha1
kind: Cohort
metadata: {name: lab}
spec:
  classes:
  - {class: h100, capacity: {gpus: 16}, instanceTypes: [p5.48xlarge], shared: 4, burst: 4}
---
apiVersion: sluice.dev/v1alpha1
kind: TenantQuota
metadata: {name: team-a}
spec:
  namespaces: [team-a, team-a-dev]
  cohort: lab
  classes:
  - {class: h100, reserved: 4, shared: {}, burst: {borrowingLimit: 4}, lendingLimit: 0}
---
apiVersion: sluice.dev/v1alpha1
kind: TenantQuota
metadata: {name: team-b}
spec:
  namespaces: [team-b]
  cohort: lab
  classes:
  - {class: h100, reserved: 4, shared: {}, burst: {}}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: gpu-reserved}
value: 1000
`

function value<T>(result: Parsed<T>): T {
  assert.ok(result.ok, result.ok ? '' : result.issues.map(formatIssue).join('\n'))
  return result.value
}
