import { randomUUID } from 'node:crypto'
import https from 'node:https'
import type { AdmissionResponse, AdmissionReviewResponse } from '../admission/response.ts'
import { applyPatch, type PatchOperation } from '../policy/patch.ts'
import type { JsonObject } from '../schema/parts.ts'

/** Sends pods through the webhooks of a service in the order in which the API server does. */
export interface WebhookClient {
  create(pod: JsonObject, namespace: string): Promise<Created>
  /** A pod ends that was created before. */
  delete(pod: JsonObject, namespace: string): Promise<AdmissionResponse>
  close(): void
}

export interface Created {
  readonly name: string
  readonly operations: readonly PatchOperation[]
  /** The pod as it would be stored. */
  readonly pod: JsonObject
  readonly response: AdmissionResponse
}

export function webhookClient(port: number, ca: string): WebhookClient {
  const agent = new https.Agent({ ca, keepAlive: true, maxSockets: 4 })
  const send = (path: string, review: object) => post({ agent, port, path }, review)
  return {
    async create(pod, namespace) {
      const mutated = await send('/mutate/pods', creation(pod, namespace))
      const operations = patchOf(mutated)
      // Only now does the API server give the pod its name and its UID: a mutating webhook sees neither.
      const stored = named(applyPatch(pod, operations), namespace)
      const response = await send('/validate/pods', creation(stored.pod, namespace))
      return { name: stored.name, operations, pod: stored.pod, response }
    },
    delete: (pod, namespace) => send('/delete/pods', deletion(pod, namespace)),
    close: () => agent.destroy(),
  }
}

function creation(pod: JsonObject, namespace: string) {
  return reviewOf({ operation: 'CREATE', object: pod, oldObject: null }, namespace)
}

function deletion(pod: JsonObject, namespace: string) {
  return reviewOf({ operation: 'DELETE', object: null, oldObject: pod }, namespace)
}

interface Change {
  readonly operation: 'CREATE' | 'DELETE'
  readonly object: JsonObject | null
  readonly oldObject: JsonObject | null
}

function reviewOf(change: Change, namespace: string) {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: randomUUID(),
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      ...change,
      namespace,
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        groups: ['system:authenticated'],
      },
      dryRun: false,
    },
  }
}

function patchOf({ patch }: AdmissionResponse): readonly PatchOperation[] {
  return patch === undefined ? [] : JSON.parse(Buffer.from(patch, 'base64').toString('utf8'))
}

function named(pod: JsonObject, namespace: string): { readonly name: string; readonly pod: JsonObject } {
  const metadata = pod.metadata as JsonObject
  const uid = randomUUID()
  const name =
    typeof metadata.name === 'string' ? metadata.name : `${metadata.generateName ?? 'pod-'}${uid.slice(0, 5)}`
  return { name, pod: { ...pod, metadata: { ...metadata, name, namespace, uid } } }
}

interface Target {
  readonly agent: https.Agent
  readonly port: number
  readonly path: string
}

function post({ agent, port, path }: Target, review: object): Promise<AdmissionResponse> {
  const body = Buffer.from(JSON.stringify(review))
  const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length }
  return new Promise((resolve, reject) => {
    const options = { agent, port, path: `${path}?timeout=10s`, host: '127.0.0.1', method: 'POST', headers }
    const request = https.request(options, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        if (response.statusCode === 200) resolve((JSON.parse(text) as AdmissionReviewResponse).response)
        else reject(new Error(`${path} answered ${response.statusCode}: ${text}`))
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}
