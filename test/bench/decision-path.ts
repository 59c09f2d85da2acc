/** The way of a review through the process without the transport: text in, text out, whole or stage by stage. */
import { randomUUID } from 'node:crypto'
import { quotaDesk } from '../../src/admission/desk.ts'
import type { Call, Endpoint } from '../../src/admission/endpoint.ts'
import { exemptNamespaces } from '../../src/admission/exempt.ts'
import { mutatePod } from '../../src/admission/mutate.ts'
import { type AdmissionReviewResponse, allowed, reviewOf as answerOf } from '../../src/admission/response.ts'
import { parsePodReview } from '../../src/admission/review-pod.ts'
import { examine } from '../../src/admission/subject.ts'
import { inProcessLedger } from '../../src/cli/standalone/ledger.ts'
import { SYSTEM_CLOCK } from '../../src/cli/time.ts'
import { applyPatch, patchOf } from '../../src/policy/patch.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { mutatePods } from '../../webhooks/mutate-pods.ts'
import { validatePods } from '../../webhooks/validate-pods.ts'
import { benchCluster, type PolicySetName, taken } from './bench-cluster.ts'
import { gpuPod, NAMESPACES, reviewOf } from './gpu-review.ts'
import { UID_PLACEHOLDER } from './load-client.ts'

export interface DecisionPath {
  readonly mutate: Endpoint
  readonly validate: Endpoint
  readonly bodies: Bodies
  mutateStages(text: string): Promise<Stages>
  validateStages(text: string): Promise<Stages>
  /** A call with ten seconds left, whose log goes nowhere. */
  call(): Call
}

/** Milliseconds by stage, in the order of the stages. */
export type Stages = Readonly<Record<string, number>>

export async function decisionPath(policies: PolicySetName): Promise<DecisionPath> {
  const cluster = benchCluster(policies)
  const ledger = await inProcessLedger(() => cluster)
  const desk = quotaDesk(ledger, () => cluster.quotas, SYSTEM_CLOCK)
  const log = createLog({ level: 'silent' })
  const deps = {
    cluster: () => cluster,
    exempt: exemptNamespaces([]),
    observer: { policyFailed() {} },
    clock: { now: () => performance.now() },
  }
  return {
    mutate: mutatePods({ ...deps, forecast: desk }),
    validate: validatePods({ ...deps, desk }),
    bodies: bodiesFor(pod => {
      const request = { ...requestOf(pod), dryRun: true }
      return applyPatch(pod, mutatePod(request, podOf(pod), cluster, desk).operations)
    }),
    call: () => ({ query: '', deadlineMs: Date.now() + 10_000, timeoutMs: 10_000, isPeer: false, log }),

    async mutateStages(text) {
      const stage = stopwatch()
      const body: unknown = JSON.parse(text)
      stage.end('parse')
      const { request, pod } = taken(parsePodReview(body))
      const read = taken(pod)
      stage.end('check schema')
      const examined = examine(request, read, cluster)
      stage.end('examine')
      const { demand, tenant = '', namespace } = examined.subject
      const ask = { tenant, namespace, tier: 'auto', demand: demand?.byClass ?? new Map() } as const
      const tier = desk.peek(ask, { isDryRun: false })
      stage.end('quota')
      const patch = patchOf(examined.subject.object)
      cluster.policies.inject({ ...examined.subject, tier }, patch, cluster.surroundings)
      stage.end('policies')
      const operations = patch.operations()
      stage.end('patch')
      JSON.stringify(answerOf(allowed(request, operations, [])))
      stage.end('respond')
      return stage.stages
    },

    async validateStages(text) {
      const stage = stopwatch()
      const body: unknown = JSON.parse(text)
      stage.end('parse')
      const { request, pod } = taken(parsePodReview(body))
      const read = taken(pod)
      stage.end('check schema')
      const examined = examine(request, read, cluster)
      stage.end('examine')
      cluster.policies.validate(examined.subject)
      stage.end('policies')
      const { demand, tenant = '', namespace, tier = 'auto' } = examined.subject
      const identity = { uid: read.metadata.uid ?? '', name: read.metadata.name ?? '', namespace }
      await desk.charge({ tenant, tier, demand: demand?.byClass ?? new Map(), ...identity }, Date.now() + 10_000)
      stage.end('quota')
      JSON.stringify(answerOf(allowed(request, [], [])))
      stage.end('respond')
      return stage.stages
    },
  }
}

function stopwatch() {
  const stages: Record<string, number> = {}
  let before = performance.now()
  return {
    stages,
    end(name: string): void {
      const now = performance.now()
      stages[name] = now - before
      before = now
    },
  }
}

function requestOf(pod: JsonObject) {
  return taken(parsePodReview(reviewOf(pod, { uid: UID_PLACEHOLDER, namespace: NAMESPACES[0] ?? '' }))).request
}

function podOf(pod: JsonObject) {
  return taken(taken(parsePodReview(reviewOf(pod, { uid: UID_PLACEHOLDER, namespace: NAMESPACES[0] ?? '' }))).pod)
}

/** The reviews that the API server would send, one for each namespace, with places for UIDs. */
export interface Bodies {
  readonly mutate: readonly string[]
  readonly validate: readonly string[]
  readonly dryRun: readonly string[]
}

/** `mutated` is what mutation makes of the pod: validation sees that, with its name and its UID. */
function bodiesFor(mutated: (pod: JsonObject) => JsonObject): Bodies {
  const fresh = gpuPod()
  const patched = mutated(fresh)
  const metadata = { ...(patched.metadata as JsonObject), name: 'llama-70b-6c9d8b7f95-x7k2p', uid: UID_PLACEHOLDER }
  const stored = { ...patched, metadata: { ...metadata, creationTimestamp: '2026-01-12T09:31:08Z' } }
  const each = (pod: JsonObject, dryRun: boolean) =>
    NAMESPACES.map(namespace => JSON.stringify(reviewOf(pod, { uid: UID_PLACEHOLDER, namespace, dryRun })))
  return { mutate: each(fresh, false), validate: each(stored, false), dryRun: each(stored, true) }
}

/** The same review with other UIDs. */
export function withFreshUids(body: string): string {
  return body.replaceAll(UID_PLACEHOLDER, randomUUID())
}

export async function answer(endpoint: Endpoint, text: string, call: Call): Promise<string> {
  const { body } = await endpoint.answer(JSON.parse(text), call)
  return JSON.stringify(body)
}

export function isAllowed(text: string): boolean {
  return (JSON.parse(text) as AdmissionReviewResponse).response.allowed
}
