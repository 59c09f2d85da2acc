import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { AdmissionResponse } from '../../src/admission/response.ts'
import { gpuPod, named, QUOTAS, reviewOf, startWebhooks, type WebhookService } from '../support/webhook-service.ts'

const CREATES = 64

describe(`${CREATES} creates at once`, () => {
  let service: WebhookService
  beforeEach(async () => {
    service = await startWebhooks(QUOTAS)
  })
  afterEach(() => service.close())

  const creates = <T>(create: (index: number) => Promise<T>) =>
    Promise.all(Array.from({ length: CREATES }, (_, i) => create(i)))
  const isRefusedForQuota = ({ allowed, status }: AdmissionResponse) =>
    !allowed && status?.code === 403 && status.message.includes('exceeded quota:')

  test('admit exactly as many as fit, through both webhooks, tier after tier', async () => {
    const answers = await creates(async () => (await service.create(gpuPod(1))).response)
    assert.equal(answers.filter(answer => answer.allowed).length, 12)
    assert.equal(answers.filter(isRefusedForQuota).length, CREATES - 12)
    assert.deepEqual(service.usage(), {
      'team-a/reserved h100': 4000,
      'team-a/shared h100': 4000,
      'team-a/burst h100': 4000,
    })
  })

  test('admit exactly as many as fit where pods name no tier and were never mutated', async () => {
    const answers = await creates(() => service.validate(reviewOf(named(gpuPod(3)))))
    // 3 of the 4 of each tier; what is left of one tier does not help another.
    assert.equal(answers.filter(answer => answer.allowed).length, 3)
    assert.equal(answers.filter(isRefusedForQuota).length, CREATES - 3)
  })

  test('of one pod charge it once', async () => {
    const pod = named(gpuPod(4))
    const answers = await creates(() => service.validate(reviewOf(pod)))
    assert.equal(answers.filter(answer => answer.allowed).length, CREATES)
    assert.deepEqual(service.usage(), { 'team-a/reserved h100': 4000 })
  })

  test('of two tenants leave each what is reserved for it', async () => {
    const answers = await creates(async index => {
      const namespace = index % 2 === 0 ? 'team-a' : 'team-b'
      return { namespace, ...(await service.create(gpuPod(1), { namespace })).response }
    })
    const usage = service.usage()
    assert.equal(usage['team-a/reserved h100'], 4000)
    assert.equal(usage['team-b/reserved h100'], 4000)
    const total = Object.values(usage).reduce((sum, milliGpus) => sum + milliGpus, 0)
    assert.equal(total, answers.filter(answer => answer.allowed).length * 1000)
    assert.ok(total <= 16_000, `${total} of 16000`)
  })

  test('in dry runs leave no trace', async () => {
    const answers = await creates(async () => (await service.create(gpuPod(1), { dryRun: true })).response)
    assert.equal(answers.filter(answer => answer.allowed).length, CREATES)
    assert.deepEqual(service.usage(), {})
  })
})
