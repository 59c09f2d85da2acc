import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Decision } from '../src/admission/endpoint.ts'
import { exemptNamespaces } from '../src/admission/exempt.ts'
import { fieldAt, objectAt } from '../src/admission/objects.ts'
import { clusterWith, deskOf } from '../src/admission/testing.ts'
import { applyPatch } from '../src/policy/patch.ts'
import { gpuPod } from '../src/policy/testing.ts'
import type { JsonObject, JsonValue } from '../src/schema/parts.ts'
import { podRequest } from '../src/schema/review.ts'
import { written } from '../src/schema/testing.ts'
import { mutatePods } from './mutate-pods.ts'
import { validatePods } from './validate-pods.ts'

const TOLERATIONS = written('GpuPolicy', 'tolerations', { inject: { tolerations: [{ classTaints: true }] } })
// What nobody may be told of a pod that has not been mutated: a controller would give up on it.
const RULE = written('GpuPolicy', 'tolerates', {
  validate: [{ expression: 'size(object.spec.?tolerations.orValue([])) > 0', message: 'tolerates nothing' }],
})

async function webhooks(action: 'Deny' | 'Warn', ...policies: readonly JsonObject[]) {
  const cluster = clusterWith(...policies)
  const desk = await deskOf(cluster)
  const shared = {
    cluster: () => cluster,
    exempt: exemptNamespaces([]),
    observer: { policyFailed() {} },
    clock: { now: () => 0 },
  }
  const decisions: Decision[] = []
  const log = { decision: (decision: Decision) => void decisions.push(decision), event() {}, problem() {} }
  const call = { query: '', deadlineMs: 1_000, timeoutMs: 1_000, isPeer: false, log }
  const mutate = mutatePods({ ...shared, forecast: desk })
  const validate = validatePods({ ...shared, desk, unmutated: { forecast: desk, action } })
  const ask = async (endpoint: typeof mutate, object: JsonObject) => {
    const { body } = await endpoint.answer(reviewOf(object), call)
    return Reflect.get(body, 'response')
  }
  return {
    decisions,
    validate: (pod: JsonObject) => ask(validate, pod),
    async mutated(pod: JsonObject): Promise<JsonObject> {
      const { patch } = await ask(mutate, pod)
      return patch === undefined ? pod : applyPatch(pod, JSON.parse(Buffer.from(patch, 'base64').toString()))
    },
  }
}

function reviewOf(object: JsonObject) {
  const request = podRequest({ uid: 'review', namespace: 'team-a', object })
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }
}

const POD = gpuPod({}, { name: 'p', uid: 'p-uid' })

test('a GPU pod that the mutating webhook has not seen is refused, alone for that, and may come again', async () => {
  const { validate, decisions } = await webhooks('Deny', TOLERATIONS, RULE)
  const { allowed, status } = await validate(POD)
  assert.equal(allowed, false)
  assert.equal(status.code, 403)
  assert.match(status.message, /^\[SLU-S510\] exceeded quota: .*missed the mutating webhook/)
  assert.match(status.message, /fix: try again/)
  assert.doesNotMatch(status.message, /tolerates nothing/)
  assert.deepEqual(decisions[0]?.codes, ['SLU-S510'])
})

test('one that it has seen passes', async () => {
  const { validate, mutated } = await webhooks('Deny', TOLERATIONS, RULE)
  const pod = await mutated(POD)
  assert.notDeepEqual(pod, POD)
  assert.equal((await validate(pod)).allowed, true)
})

test('one that a replica mutated which had not heard yet of its tenant has missed its tier', async () => {
  const { validate, mutated } = await webhooks('Deny', TOLERATIONS)
  const seen = await mutated(POD)
  const { labels: _, ...metadata } = objectAt(seen, 'metadata') ?? {}
  assert.ok(Object.hasOwn(objectAt(metadata, 'annotations') ?? {}, 'sluice.dev/injected'))
  assert.match((await validate({ ...seen, metadata })).status.message, /^\[SLU-S510\]/)
})

test('where nothing would be given, nothing has been missed', async () => {
  const { validate } = await webhooks('Deny', TOLERATIONS)
  const tolerations: JsonValue = [{ operator: 'Exists' }]
  const metadata = { name: 'p', uid: 'p-uid' }
  assert.equal(
    (await validate(gpuPod({ tolerations }, { ...metadata, labels: { 'sluice.dev/tier': 'burst' } }))).allowed,
    true,
  )
  // The tier alone is missing.
  assert.equal((await validate(gpuPod({ tolerations }, metadata))).allowed, false)
  assert.equal((await validate({ metadata, spec: { containers: [{ name: 'a' }] } })).allowed, true)
})

test('a pod that fits nowhere is told of its quota, not to try again', async () => {
  const { validate, mutated } = await webhooks('Deny')
  const tooLarge = gpuPod(
    { containers: [{ name: 'a', resources: { limits: { 'nvidia.com/gpu': '64' } } }] },
    { name: 'p' },
  )
  const pod = await mutated(tooLarge)
  assert.deepEqual(pod, tooLarge)
  assert.match((await validate(pod)).status.message, /^\[SLU-Q/)
})

test('a platform that only wants to be warned is', async () => {
  const { validate } = await webhooks('Warn', TOLERATIONS)
  const response = await validate(POD)
  assert.equal(response.allowed, true)
  assert.match(String(fieldAt(response, 'warnings')), /SLU-S510.*not mutated/)
})

test('a pod moves to another tier, and is given notice, by Sluice and by nobody else', async () => {
  const cluster = clusterWith()
  const { answer } = validatePods({
    cluster: () => cluster,
    exempt: exemptNamespaces([]),
    desk: await deskOf(cluster),
    observer: { policyFailed() {} },
    isSelf: user => user?.username === 'sluice',
    clock: { now: () => 0 },
  })
  const log = { decision() {}, event() {}, problem() {} }
  const call = { query: '', deadlineMs: 1_000, timeoutMs: 1_000, isPeer: false, log }
  const pod = (tier: string, annotations: JsonObject) =>
    gpuPod({}, { name: 'p', uid: 'p-uid', labels: { 'sluice.dev/tier': tier }, annotations })
  const update = async (username: string, object: JsonObject) => {
    const request = podRequest({ uid: 'review', namespace: 'team-a', object, userInfo: { username } })
    const review = { ...reviewOf(object), request: { ...request, operation: 'UPDATE', oldObject: pod('burst', {}) } }
    const { body } = await answer(review, call)
    return fieldAt(Reflect.get(body, 'response'), 'allowed')
  }
  for (const changed of [pod('reserved', {}), pod('burst', { 'sluice.dev/reclaim-need': 'n' })]) {
    assert.deepEqual([await update('sluice', changed), await update('tenant', changed)], [true, false])
  }
})
