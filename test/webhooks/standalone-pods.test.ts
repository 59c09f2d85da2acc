import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { send } from '../support/https.ts'
import { gpuPod, QUOTAS, reviewOf, startWebhooks, type WebhookService } from '../support/webhook-service.ts'

async function started(t: TestContext): Promise<WebhookService> {
  const service = await startWebhooks(QUOTAS)
  t.after(() => service.close())
  return service
}

async function podsOf(service: WebhookService, query = '?namespace=team-a') {
  const { status, text } = await send(service, { method: 'GET', path: `/pods${query}` })
  return { status, ...JSON.parse(text) }
}

test('a pod that was let in is there, and runs', async t => {
  const service = await started(t)
  const { pod } = await service.create(gpuPod(2, { metadata: { name: 'train' } }))
  const { status, pods } = await podsOf(service)
  const [{ createdAt, startedAt, ...one }] = pods
  assert.equal(status, 200)
  assert.ok(createdAt <= startedAt, `${createdAt} is not before ${startedAt}`)
  const holding = { tenant: 'team-a', tier: 'reserved', heldMilliGpus: { h100: 2_000 } }
  const { uid } = pod.metadata as { uid: string }
  assert.deepEqual(one, { uid, name: 'train', ...holding, notice: null })
  assert.deepEqual(await podsOf(service, '?namespace=team-b'), { status: 200, pods: [] })
})

test('a pod that is deleted holds nothing, and deleting it again is no mistake', async t => {
  const service = await started(t)
  const { pod } = await service.create(gpuPod(4))
  await service.round()
  assert.deepEqual(service.usage(), { 'team-a/reserved h100': 4_000 })

  assert.equal((await service.delete(pod, { dryRun: true })).allowed, true)
  assert.equal((await podsOf(service)).pods.length, 1, 'a dry run deletes nothing')
  assert.equal((await service.delete(pod)).allowed, true)
  assert.equal((await service.delete(pod)).allowed, true)
  await service.round()
  assert.deepEqual([service.usage(), (await podsOf(service)).pods], [{}, []])
})

test('what is no deletion of a pod is told so', async t => {
  const service = await started(t)
  const cases = [
    { review: reviewOf(gpuPod(1)), want: /request\.operation: CREATE is not reviewed here \(send DELETE\)/ },
    { review: reviewOf(gpuPod(1), { operation: 'DELETE' }), want: /request\.oldObject: is missing/ },
    {
      review: reviewOf(null, { operation: 'DELETE', request: { subResource: 'status' } }),
      want: /not v1\/pods\/status/,
    },
  ]
  for (const { review, want } of cases) {
    const { status, text } = await service.post('/delete/pods', JSON.stringify(review))
    assert.equal(status, 400)
    assert.match(text, want)
  }
  assert.equal((await podsOf(service, '')).status, 400)
})
