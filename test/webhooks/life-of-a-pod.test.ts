import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { applyPatch } from '../../src/policy/patch.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import {
  decisionsOf,
  gpuPod,
  named,
  patchOf,
  QUOTAS,
  reviewOf,
  startWebhooks,
  type WebhookService,
} from '../support/webhook-service.ts'

describe('a GPU pod on its way through both webhooks', () => {
  let service: WebhookService
  let stored: JsonObject
  before(async () => {
    service = await startWebhooks(QUOTAS)
  })
  after(() => service.close())

  test('mutation answers with a patch that applies, and with the UID of the review', async () => {
    const review = reviewOf(gpuPod(2), { request: { uid: 'asked-with-this' } })
    const response = await service.mutate(review)
    assert.equal(response.uid, 'asked-with-this')
    assert.equal(response.allowed, true)
    const pod = applyPatch(gpuPod(2), patchOf(response))
    const { metadata, spec } = pod as { metadata: JsonObject; spec: JsonObject }
    assert.deepEqual(metadata.labels, { 'sluice.dev/tier': 'reserved' })
    assert.match(JSON.stringify(metadata.annotations), /sluice\.dev\/injected.*quota: tier reserved/)
    assert.deepEqual(spec.tolerations, [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }])
    assert.equal(spec.priorityClassName, 'gpu-reserved')
    // The Priority plugin runs again after us and refuses a number that is not of the class.
    assert.equal(spec.priority, undefined)
    stored = named(pod)
  })

  test('a second mutation of the patched pod has no patch', async () => {
    const response = await service.mutate(reviewOf(stored))
    assert.deepEqual(patchOf(response), [])
    assert.equal(response.patchType, undefined)
  })

  test('validation allows it and charges it', async () => {
    assert.deepEqual(service.usage(), {})
    const response = await service.validate(reviewOf(stored))
    assert.equal(response.allowed, true, JSON.stringify(response.status))
    assert.deepEqual(service.usage(), { 'team-a/reserved h100': 2000 })
  })

  test('the same pod in another review is charged once', async () => {
    const response = await service.validate(reviewOf(stored))
    assert.equal(response.allowed, true)
    assert.deepEqual(service.usage(), { 'team-a/reserved h100': 2000 })
  })

  test('a dry run is answered like any other and charges nothing', async () => {
    const { response, operations } = await service.create(gpuPod(2), { dryRun: true })
    assert.equal(response.allowed, true)
    assert.ok(operations.length > 0)
    assert.deepEqual(service.usage(), { 'team-a/reserved h100': 2000 })
  })

  test('a dry run that does not fit is refused', async () => {
    const { response } = await service.create(gpuPod(13), { dryRun: true })
    assert.equal(response.allowed, false)
    assert.equal(response.status?.code, 403)
  })

  test('what a policy refuses is not charged', async () => {
    const pod = gpuPod(1, { spec: { priorityClassName: 'system-node-critical' } })
    const { response } = await service.create(pod)
    assert.equal(response.allowed, false)
    assert.deepEqual(service.usage(), { 'team-a/reserved h100': 2000 })
  })

  test('every answer is one decision in the log, with what was charged', () => {
    const [first] = decisionsOf(service, 'validate')
    const { verdict, tenant, tier, demand, dryRun, kind } = first ?? {}
    const want = {
      verdict: 'allowed',
      tenant: 'team-a',
      tier: 'reserved',
      demand: { h100: 2000 },
      dryRun: false,
      kind: 'Pod',
    }
    assert.deepEqual({ verdict, tenant, tier, demand, dryRun, kind }, want)
    assert.equal(decisionsOf(service, 'validate').length, 5)
    assert.equal(decisionsOf(service, 'mutate').length, 5)
    assert.deepEqual(service.log.problems, [])
  })
})

describe('a tenant that creates pods until it is full', () => {
  let service: WebhookService
  let admitted: JsonObject
  before(async () => {
    service = await startWebhooks(QUOTAS)
  })
  after(() => service.close())

  test('fills its tiers one after the other, and borrowed GPUs come with a warning', async () => {
    const tiers: unknown[] = []
    const warnings: (readonly string[] | undefined)[] = []
    for (let pods = 0; pods < 6; pods += 1) {
      const { pod, response } = await service.create(gpuPod(2))
      assert.equal(response.allowed, true, JSON.stringify(response.status))
      tiers.push(((pod.metadata as JsonObject).labels as JsonObject)['sluice.dev/tier'])
      warnings.push(response.warnings)
      admitted = pod
    }
    assert.deepEqual(tiers, ['reserved', 'reserved', 'shared', 'shared', 'burst', 'burst'])
    assert.deepEqual(warnings.slice(0, 4), [undefined, undefined, undefined, undefined])
    for (const warning of warnings.slice(4))
      assert.match(String(warning), /borrows 2 h100 .*can be reclaimed with 60 s notice/)
    assert.deepEqual(service.usage(), {
      'team-a/reserved h100': 4000,
      'team-a/shared h100': 4000,
      'team-a/burst h100': 4000,
    })
  })

  test('is refused with the words and the class that controllers look for', async () => {
    const { response } = await service.create(gpuPod(2))
    assert.equal(response.allowed, false)
    assert.equal(response.status?.code, 403)
    assert.equal(response.status?.reason, 'Forbidden')
    assert.match(
      response.status?.message ?? '',
      /^\[SLU-Q201\] exceeded quota: team-a\/burst, requested: h100=2, used: 4, limited: 4\n/,
    )
    // kubectl would print causes instead of the message.
    assert.equal(response.status?.details, undefined)
  })

  test('reads the same text on every try, in the form that events and terminals can show', async () => {
    const texts = []
    for (let tries = 0; tries < 2; tries += 1)
      texts.push((await service.create(gpuPod(2))).response.status?.message ?? '')
    const [text = '', again] = texts
    assert.equal(text, again)
    assert.ok(text.length <= 1000, `${text.length} characters`)
    assert.ok((text.split('\n')[0] ?? '').length <= 160)
    assert.match(text, /^[\x20-\x7e\n]+$/)
    assert.match(text, /\n {2}why: .*\n {2}fix: .*\n {2}more: https:\/\/\S+SLU-Q201$/)
  })

  test('is not refused what it has: a pod that is charged already is allowed again', async () => {
    const response = await service.validate(reviewOf(admitted))
    assert.equal(response.allowed, true, JSON.stringify(response.status))
  })

  test('may go on to create pods without GPUs, which are left as they are', async () => {
    const plain = gpuPod(1, { spec: { containers: [{ name: 'web', image: 'registry.example.com/web:1' }] } })
    const { operations, response } = await service.create(plain)
    assert.deepEqual(operations, [])
    assert.equal(response.allowed, true)
  })

  test('leaves its neighbour what is reserved for it', async () => {
    const { response, pod } = await service.create(gpuPod(4), { namespace: 'team-b' })
    assert.equal(response.allowed, true, JSON.stringify(response.status))
    assert.match(JSON.stringify(pod.metadata), /"sluice.dev\/tier":"reserved"/)
  })
})
