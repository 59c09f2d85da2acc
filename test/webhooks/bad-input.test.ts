import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { MAX_BODY_BYTES } from '../../src/http/body.ts'
import type { JsonObject, JsonValue } from '../../src/schema/parts.ts'
import {
  gpuPod,
  named,
  QUOTAS,
  responseOf,
  reviewOf,
  startWebhooks,
  type WebhookService,
} from '../support/webhook-service.ts'

let service: WebhookService
before(async () => {
  service = await startWebhooks(QUOTAS)
})
after(() => service.close())

// Whatever came before, the next good request is answered as if nothing had been.
afterEach(async () => {
  const { response } = await service.create(gpuPod(1), { dryRun: true })
  assert.equal(response.allowed, true)
})

const PATHS = ['/mutate/pods', '/validate/pods']

describe('a body that is no review', () => {
  const bodies = [
    { name: 'nothing', body: '', status: 400, says: /body: is empty/ },
    {
      name: 'no JSON',
      body: '{"kind": "AdmissionReview",\n  oops',
      status: 400,
      says: /body, line 2 column 3 .*not JSON/,
    },
    { name: 'half a JSON', body: '{"kind": "AdmissionReview"', status: 400, says: /ends too early/ },
    { name: 'a JSON number', body: '42', status: 400, says: /must be of type object, not number/ },
    { name: 'a JSON null', body: 'null', status: 400, says: /must be of type object, not null/ },
    { name: 'an empty object', body: '{}', status: 400, says: /apiVersion/ },
    {
      name: 'more bytes than two objects and an envelope have',
      body: ' '.repeat(MAX_BODY_BYTES + 1),
      status: 413,
      says: /7340032 bytes/,
    },
    {
      name: 'arrays within arrays',
      body: '['.repeat(20_000) + ']'.repeat(20_000),
      status: 400,
      says: /nests deeper than 10000 levels/,
    },
    { name: 'bytes that are no UTF-8', body: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), status: 400, says: /not UTF-8/ },
  ]
  for (const { name, body, status, says } of bodies) {
    test(`${name} is answered ${status} with what is wrong`, async () => {
      for (const path of PATHS) {
        const answer = await service.post(path, body)
        assert.equal(answer.status, status, answer.text)
        assert.match(JSON.parse(answer.text).message, says)
      }
    })
  }
})

describe('a review of something else', () => {
  const good = reviewOf(named(gpuPod(1)))
  const withRequest = (request: JsonObject): JsonObject => ({
    ...good,
    request: { ...(good.request as JsonObject), ...request },
  })
  const reviews: readonly { readonly name: string; readonly review: JsonObject; readonly says: RegExp }[] = [
    {
      name: 'of v1beta1',
      review: { ...good, apiVersion: 'admission.k8s.io/v1beta1' },
      says: /apiVersion: .*v1beta1.* is not allowed.*admission\.k8s\.io\/v1/,
    },
    { name: 'of another kind', review: { ...good, kind: 'Status' }, says: /kind: "Status" is not allowed/ },
    {
      name: 'without a request',
      review: { ...good, request: null },
      says: /request: must be of type object, not null/,
    },
    { name: 'without a UID', review: withRequest({ uid: '' }), says: /request\.uid/ },
    { name: 'without an object', review: withRequest({ object: null }), says: /request\.object: is missing/ },
    {
      name: 'of an array',
      review: withRequest({ object: [gpuPod(1)] }),
      says: /request\.object: must be of type object,null, not array/,
    },
    {
      name: 'of a text',
      review: withRequest({ object: 'pod' }),
      says: /request\.object: must be of type object,null, not string/,
    },
    {
      name: 'of a deletion',
      review: withRequest({ operation: 'DELETE' }),
      says: /request\.operation: DELETE is not reviewed here/,
    },
    { name: 'of a connection', review: withRequest({ operation: 'CONNECT' }), says: /CONNECT is not reviewed here/ },
    {
      name: 'of an operation that is none',
      review: withRequest({ operation: 'PATCH' }),
      says: /operation: "PATCH" is not allowed/,
    },
    {
      name: 'of deployments',
      review: withRequest({ resource: { group: 'apps', version: 'v1', resource: 'deployments' } }),
      says: /reviews pods, not apps\/v1\/deployments/,
    },
    {
      name: 'of a subresource',
      review: withRequest({ subResource: 'status' }),
      says: /reviews pods, not v1\/pods\/status/,
    },
  ]
  for (const { name, review, says } of reviews) {
    test(`${name} is answered 400 with the field and the remedy`, async () => {
      for (const path of PATHS) {
        const answer = await service.post(path, JSON.stringify(review))
        assert.equal(answer.status, 400, answer.text)
        const { message, kind, code } = JSON.parse(answer.text)
        assert.deepEqual({ kind, code }, { kind: 'Status', code: 400 })
        assert.match(message, says)
      }
    })
  }
})

describe('a pod that cannot be read', () => {
  const container = { name: 'main', image: 'x', resources: { limits: { 'nvidia.com/gpu': '1' } } }
  const pods: readonly { readonly name: string; readonly pod: JsonObject; readonly field: string }[] = [
    { name: 'metadata is a list', pod: { metadata: [], spec: { containers: [container] } }, field: 'metadata' },
    { name: 'metadata is missing', pod: { spec: { containers: [container] } }, field: '(document)' },
    { name: 'spec is null', pod: { metadata: {}, spec: null }, field: 'spec' },
    {
      name: 'containers are an object',
      pod: { metadata: {}, spec: { containers: { main: container } } },
      field: 'spec.containers',
    },
    { name: 'there are no containers', pod: { metadata: {}, spec: { containers: [] } }, field: 'spec.containers' },
    {
      name: 'a container is null',
      pod: { metadata: {}, spec: { containers: [container, null] } },
      field: 'spec.containers[1]',
    },
    {
      name: 'limits are a list',
      pod: { metadata: {}, spec: { containers: [{ ...container, resources: { limits: ['nvidia.com/gpu'] } }] } },
      field: 'spec.containers[0].resources.limits',
    },
    {
      name: 'a label is a number',
      pod: { metadata: { labels: { 'a.b/c': 7 } }, spec: { containers: [container] } },
      field: 'metadata.labels["a.b/c"]',
    },
    {
      name: 'an env is an object',
      pod: { metadata: {}, spec: { containers: [{ ...container, env: { A: 'b' } }] } },
      field: 'spec.containers[0].env',
    },
  ]
  for (const { name, pod, field } of pods) {
    test(`because ${name}: mutation lets it pass, validation names the field`, async () => {
      const mutated = await service.mutate(reviewOf(pod))
      assert.deepEqual({ ...mutated, uid: '' }, { uid: '', allowed: true })
      const { allowed, status } = await service.validate(reviewOf(pod))
      assert.equal(allowed, false)
      assert.deepEqual([status?.code, status?.reason], [422, 'Invalid'])
      assert.match(status?.message ?? '', /^\[SLU-E101\] /)
      assert.ok(
        status?.details?.causes.some(cause => cause.field === field),
        JSON.stringify(status?.details),
      )
    })
  }
})

describe('a quantity of GPUs that is none', () => {
  const junk: readonly { readonly quantity: JsonValue; readonly says: RegExp }[] = [
    { quantity: 'abc', says: /abc/ },
    { quantity: '', says: /empty|quantity/ },
    { quantity: '-1', says: /negative/ },
    { quantity: -1, says: /negative/ },
    { quantity: '1.5', says: /not whole/ },
    { quantity: 0.5, says: /not whole/ },
    { quantity: '500m', says: /not whole/ },
    { quantity: '1e999999999', says: /1e999999999|large|quantity/ },
    { quantity: '9'.repeat(5_000), says: /quantity|long|more than/ },
    { quantity: true, says: /quantity|boolean|true/ },
    { quantity: null, says: /quantity|null/ },
    { quantity: ['8'], says: /quantity|array/ },
    { quantity: { $gt: 0 }, says: /quantity|object/ },
    { quantity: ' 8', says: /quantity/ },
    { quantity: '8 GPUs', says: /quantity/ },
    { quantity: '0x10', says: /quantity/ },
    { quantity: '٣', says: /quantity/ },
    { quantity: 2 ** 53, says: /more than/ },
    { quantity: '9223372036854775808', says: /more than/ },
    { quantity: 1e30, says: /more than|large/ },
  ]
  for (const { quantity, says } of junk) {
    test(`${JSON.stringify(quantity).slice(0, 24)} is refused with its place, and nothing is charged`, async () => {
      const limits: JsonObject = { 'nvidia.com/gpu': quantity }
      const pod = gpuPod(1, {
        spec: {
          containers: [
            { name: 'a', image: 'x' },
            { name: 'b', image: 'x', resources: { limits } },
          ],
        },
      })
      const { operations, response } = await service.create(pod)
      assert.deepEqual(operations, [])
      assert.equal(response.allowed, false)
      assert.equal(response.status?.code, 422)
      const cause = response.status?.details?.causes.find(({ message }) => message.includes('SLU-E102'))
      assert.match(cause?.field ?? '', /^spec\.containers\[1\]\.resources(\.limits\["nvidia\.com\/gpu"\])?$/)
      assert.match(cause?.message ?? '', says)
      assert.ok((response.status?.message ?? '').length <= 1000)
      assert.deepEqual(service.usage(), {})
    })
  }
})

describe('a number that JavaScript cannot hold', () => {
  // Read as 2^53, as infinity, and as 10^23: more GPUs than there are, however they are read.
  for (const number of ['9007199254740993', '1e400', '99999999999999999999999']) {
    test(`${number} GPUs are refused`, async () => {
      const text = JSON.stringify(reviewOf(named(gpuPod('NUMBER')))).replaceAll('"NUMBER"', number)
      const { allowed, status } = responseOf(await service.post('/validate/pods', text))
      assert.equal(allowed, false)
      assert.match(status?.message ?? '', /^\[SLU-E102\] /)
      assert.deepEqual(service.usage(), {})
    })
  }

  test('stands in fields that nobody reads without harm', async () => {
    const pod = gpuPod(1, { spec: { terminationGracePeriodSeconds: 'NUMBER' } })
    const text = JSON.stringify(reviewOf(named(pod), { dryRun: true })).replaceAll('"NUMBER"', '9007199254740993')
    assert.equal(responseOf(await service.post('/validate/pods', text)).allowed, true)
  })
})

describe('a pod larger than any', () => {
  const many = (count: number, container: (index: number) => JsonObject) =>
    Array.from({ length: count }, (_, i) => container(i))
  const gpu = { limits: { 'nvidia.com/gpu': '1' } }
  const pods = [
    {
      name: '10,000 containers',
      spec: { containers: many(10_000, i => ({ name: `c-${i}`, image: 'x', resources: gpu })) },
    },
    {
      name: '10,000 init containers',
      spec: {
        containers: [{ name: 'a', image: 'x', resources: gpu }],
        initContainers: many(10_000, i => ({ name: `c-${i}`, image: 'x', resources: gpu })),
      },
    },
    {
      name: '20,000 resources in a container',
      spec: {
        containers: [
          {
            name: 'a',
            image: 'x',
            resources: {
              limits: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`example.com/r${i}`, '1'])),
            },
          },
        ],
      },
    },
  ]
  for (const { name, spec } of pods) {
    test(`${name} is refused with the bound that it passes`, async () => {
      const { response } = await service.create(gpuPod(1, { spec }))
      assert.equal(response.allowed, false)
      assert.equal(response.status?.code, 422)
      assert.match(
        response.status?.message ?? '',
        /^\[SLU-E102\] .*(at most|more than) \d+|^\[SLU-E102\] .*\d+ containers/,
      )
      assert.ok((response.status?.message ?? '').length <= 1000)
      assert.deepEqual(service.usage(), {})
    })
  }

  test('10,000 environment variables are judged, or refused because no policy could judge them', async () => {
    const env = many(10_000, i => ({ name: `VARIABLE_${i}`, value: 'x' }))
    const { response } = await service.create(
      gpuPod(1, { spec: { containers: [{ name: 'a', image: 'x', env, resources: gpu }] } }),
      { dryRun: true },
    )
    if (!response.allowed) assert.match(response.status?.message ?? '', /^\[SLU-P101\] /)
  })

  for (const field of ['"unread":', '"affinity":{"podAffinity":', '"volumes":[{"name":"v","emptyDir":']) {
    test(`9,000 levels in ${field.replaceAll(/[^a-z]+/gi, ' ').trim()} change nothing`, async () => {
      const text = JSON.stringify(reviewOf(named(gpuPod(1)), { dryRun: true }))
      const closing = field.includes('[') ? '}],' : field.includes('{') ? '},' : ','
      const nested = `${field}${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}${closing}"containers":`
      for (const path of PATHS) {
        assert.equal(responseOf(await service.post(path, text.replace('"containers":', nested))).allowed, true)
      }
    })
  }
})
