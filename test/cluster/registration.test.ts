import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { SYSTEM_NAMESPACES } from '../../src/admission/exempt.ts'
import { fieldAt, objectAt, textAt } from '../../src/admission/objects.ts'
import { holds, isMet } from '../../src/admission/pod-conditions.testing.ts'
import { podConditions } from '../../src/admission/pod-conditions.ts'
import { loadCluster } from '../../src/cli/cluster.ts'
import { manifestFilesBelow } from '../../src/config/cluster-folder.ts'
import { shippedLibrary } from '../../src/config/root.ts'
import { registration } from '../../src/controller/registration/registration.ts'
import { unregister } from '../../src/controller/registration/unregister.ts'
import { selfTest } from '../../src/http/self-test.ts'
import { apiServer } from '../../src/kubernetes/api-server.ts'
import { connect } from '../../src/kubernetes/connect.ts'
import { following } from '../../src/kubernetes/follow.ts'
import { openLine } from '../../src/kubernetes/line.ts'
import { parsed } from '../../src/schema/parsed.ts'
import type { JsonObject, JsonValue } from '../../src/schema/parts.ts'
import { parsedValue } from '../../src/schema/testing.ts'
import { webhookConfigurations } from '../../webhooks/registration.ts'
import { MemoryLog } from '../support/https.ts'
import { EXAMPLE_CLUSTER, inputOf, reviewed } from '../support/manifest-reviews.ts'
import { EXAMPLES } from '../support/sluice-process.ts'
import { gpuPod, NAMESPACE, QUOTAS, startWebhooks, type WebhookService } from '../support/webhook-service.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { eventually } from './support/eventually.ts'

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1'
const VALIDATING = `${CONFIGURATIONS}/validatingwebhookconfigurations/sluice`
const MUTATING = `${CONFIGURATIONS}/mutatingwebhookconfigurations/sluice`
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`

test('the webhooks in a real API server', { skip: skipWithoutCluster }, async t => {
  const cluster = await startControlPlane()
  t.after(() => cluster.stop())
  const service = await startWebhooks(QUOTAS)
  t.after(() => service.close())
  await prepare(cluster)
  const leader = await lead(t, cluster, service)

  await t.test('are registered, and what is stored is what is wanted', () => areStored(cluster, leader))
  await t.test('are asked about GPU pods and not about others', () => areAsked(cluster, service))
  await t.test('are asked about the examples that the conditions let through', () => areAskedAsMeant(cluster, service))
  await t.test('are asked about updates only where the tier changes', () => areAskedOfUpdates(cluster, service))
  await t.test('cost a pod of 1,000 containers nothing that it could fail by', () => bearLargePods(cluster))
  await t.test('come back when they are edited or deleted, unless they are marked', () => comeBack(cluster, leader))
  await t.test('are gone once they are unregistered', () => areGone(cluster, leader))
})

type Leader = Awaited<ReturnType<typeof lead>>

async function prepare({ kubectl, api }: ControlPlane): Promise<void> {
  for (const name of [NAMESPACE, 'gpu-operator']) {
    await api.must('POST', '/api/v1/namespaces', { metadata: { name } })
  }
  // What the shipped policies give must exist.
  const { code, stderr } = await kubectl(['apply', '-f', join(shippedLibrary(), 'priority-classes.yaml')])
  assert.equal(code, 0, stderr)
}

async function lead(t: TestContext, cluster: ControlPlane, { port, ca }: WebhookService) {
  const clock = { now: () => performance.now() }
  const timer = {
    at(atMs: number, ring: () => void) {
      const timeout = setTimeout(ring, Math.max(0, atMs - performance.now()))
      return () => clearTimeout(timeout)
    },
  }
  const access = parsedValue(await connect(cluster.kubeconfig, { env: {}, clock }))
  const line = openLine(access, { connections: 4 })
  const log = new MemoryLog()
  const api = apiServer(line)
  const base = `https://127.0.0.1:${port}`
  const conditions = podConditions(parsedValue(loadCluster(undefined)))
  const { mutating, validating } = webhookConfigurations(
    {
      address: { kind: 'url', base },
      trust: { kind: 'bundle', ca },
      exempt: SYSTEM_NAMESPACES,
      match: 'gpu',
      validateFailurePolicy: 'Fail',
      self: 'system:serviceaccount:sluice-system:sluice',
    },
    conditions,
  )
  const state = { isRegistered: false }
  const registering = registration({
    api,
    follow: following({ api, line, clock, timer, random: () => 0, log }),
    wanted: () => parsed([mutating, validating]),
    selfTest: () => selfTest({ base, ca }),
    observer: {
      registered(ok) {
        state.isRegistered = ok
      },
    },
    clock,
    timer,
    log,
  })
  t.after(() => {
    registering.stop()
    line.close()
  })
  await eventually('the webhooks are registered', () => (state.isRegistered ? true : undefined), {
    seen: () => JSON.stringify(log.problems.map(({ message, cause }) => [message, String(cause)])),
  })
  return { api, log, registering, mutating, validating, conditions }
}

async function areStored({ api }: ControlPlane, { mutating, validating, registering, log }: Leader): Promise<void> {
  for (const [path, wanted] of [
    [MUTATING, mutating],
    [VALIDATING, validating],
  ] as const) {
    const stored = await api.must('GET', path)
    // Nothing is defaulted and nothing is left out, or the two could not be compared.
    assert.deepEqual(fieldAt(stored, 'webhooks'), wanted.webhooks)
  }
  const before = await api.must('GET', VALIDATING)
  registering.refresh()
  assert.deepEqual(await api.must('GET', VALIDATING), before)
  assert.deepEqual(log.problems, [])
}

async function areAsked({ api }: ControlPlane, service: WebhookService): Promise<void> {
  // The API server learns of configurations through a watch of its own.
  const created = await eventually('a GPU pod is seen', async () => {
    const { body, status } = await api.call('POST', PODS, gpuPod(1))
    assert.equal(status, 201, JSON.stringify(body))
    return textAt(body, 'metadata', 'labels', 'sluice.dev/tier') === undefined ? undefined : body
  })
  assert.equal(typeof textAt(created, 'metadata', 'annotations', 'sluice.dev/injected'), 'string')

  const decided = service.log.decisions.length
  const plain = { metadata: { name: 'plain' }, spec: { containers: [{ name: 'main', image: 'example.com/web' }] } }
  await api.must('POST', PODS, plain)
  await api.must('POST', '/api/v1/namespaces/gpu-operator/pods', gpuPod(1, { metadata: { namespace: 'gpu-operator' } }))
  assert.equal(service.log.decisions.length, decided)

  // Without accelerators, and of interest to a policy.
  const env = [{ name: 'NVIDIA_VISIBLE_DEVICES', value: 'all' }]
  const sneaky = {
    metadata: { name: 'sneaky' },
    spec: { containers: [{ name: 'main', image: 'example.com/web', env }] },
  }
  const { status, body } = await api.call('POST', PODS, sneaky)
  assert.equal(status, 403, JSON.stringify(body))
  assert.match(textAt(body, 'message') ?? '', /other-pods.validate.sluice.dev.*SLU-P120/)
}

async function areAskedAsMeant({ api }: ControlPlane, service: WebhookService): Promise<void> {
  const conditions = podConditions(parsedValue(loadCluster(undefined)))
  const counts = { asked: 0, leftOut: 0 }
  for (const file of manifestFilesBelow(join(EXAMPLES, 'manifests'))) {
    const { reviews } = await reviewed(inputOf(file), { cluster: EXAMPLE_CLUSTER })
    for (const { template } of reviews) {
      // An owner has a UID only in a cluster.
      const { ownerReferences: _, ...own } = objectAt(template.pod, 'metadata') ?? {}
      const metadata = { ...own, name: 'example', namespace: NAMESPACE }
      const pod = { ...template.pod, apiVersion: 'v1', kind: 'Pod', metadata }
      const decided = service.log.decisions.length
      const { status, body } = await api.call('POST', `${PODS}?dryRun=All`, pod)
      const isAsked = service.log.decisions.length > decided
      // What the API server itself finds wrong it refuses before anybody is asked.
      if (status !== 201 && !/admission webhook/.test(textAt(body, 'message') ?? '')) continue
      const seen = { object: pod, namespace: NAMESPACE }
      const isMeant = holds(conditions.accelerated, seen) || isMet(conditions.judged, seen)
      assert.equal(isAsked, isMeant, `${file}: ${template.podTemplate}`)
      if (isAsked) counts.asked++
      else counts.leftOut++
    }
  }
  assert.ok(counts.asked > 10 && counts.leftOut > 3, JSON.stringify(counts))
}

async function areAskedOfUpdates({ api }: ControlPlane, service: WebhookService): Promise<void> {
  const { metadata } = await api.must('POST', PODS, gpuPod(1))
  const path = `${PODS}/${textAt(metadata, 'name')}`
  const decided = service.log.decisions.length
  await api.must('PATCH', path, { metadata: { labels: { app: 'changed' } } })
  assert.equal(service.log.decisions.length, decided)
  for (const tier of ['burst', null]) {
    const { status, body } = await api.call('PATCH', path, { metadata: { labels: { 'sluice.dev/tier': tier } } })
    assert.equal(status, 422, JSON.stringify(body))
  }
}

async function bearLargePods({ api }: ControlPlane): Promise<void> {
  const containers = Array.from({ length: 1000 }, (_, index) => ({
    name: `c${index}`,
    image: 'example.com/web',
    env: [{ name: 'A', value: 'b' }],
    resources: { limits: { cpu: '1', memory: '1Gi', 'example.com/nic': '1' } },
  }))
  const pod = { metadata: { name: 'large' }, spec: { containers } }
  const { status, body } = await api.call('POST', `${PODS}?dryRun=All`, pod)
  assert.equal(status, 201, JSON.stringify(body).slice(0, 1_000))
}

async function comeBack({ api }: ControlPlane, { validating }: Leader): Promise<void> {
  const webhooksNow = async () => fieldAt((await api.call('GET', VALIDATING)).body, 'webhooks')
  const stored = await api.must('GET', VALIDATING)
  const bypass = { matchLabels: { 'nobody-has': 'this' } }
  const webhooks = (validating.webhooks as readonly JsonObject[]).map(one => ({ ...one, objectSelector: bypass }))
  await api.must('PUT', `${VALIDATING}?fieldManager=somebody`, { ...stored, webhooks })
  await eventually('the edit is undone', async () => isSame(await webhooksNow(), validating.webhooks))

  await api.must('DELETE', VALIDATING)
  await eventually('the configuration is back', async () => isSame(await webhooksNow(), validating.webhooks))

  await api.must('PATCH', VALIDATING, { metadata: { annotations: { 'sluice.dev/unmanaged': 'true' } }, webhooks: [] })
  // Proven by the other, which is restored in the same pass.
  await api.must('DELETE', MUTATING)
  await eventually('the other is back', async () =>
    (await api.call('GET', MUTATING)).status === 200 ? true : undefined,
  )
  assert.equal(await webhooksNow(), undefined)
  await api.must('PATCH', VALIDATING, { metadata: { annotations: { 'sluice.dev/unmanaged': null } } })
  await eventually('it is managed again', async () => isSame(await webhooksNow(), validating.webhooks))
}

function isSame(found: JsonValue | undefined, wanted: JsonValue | undefined): true | undefined {
  return isDeepStrictEqual(found, wanted) ? true : undefined
}

async function areGone(cluster: ControlPlane, { api, registering }: Leader): Promise<void> {
  registering.stop()
  assert.deepEqual(await unregister(api), parsed([VALIDATING, MUTATING]))
  assert.deepEqual(await unregister(api), parsed([]))
  assert.equal((await cluster.api.call('GET', VALIDATING)).status, 404)
}
