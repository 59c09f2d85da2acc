import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gpuPod, requestOf } from '../policy/testing.ts'
import type { JsonObject } from '../schema/parts.ts'
import { badRequest, parsePodReview, podName, unreadablePod } from './review-pod.ts'

function reviewBody(request: JsonObject = {}): JsonObject {
  const whole = { ...requestOf(gpuPod(), 'team-a'), ...request } as JsonObject
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: whole }
}

const RESOURCE = { group: '', version: 'v1', resource: 'pods' }

test('what is no review of a pod is told so, with the place', () => {
  const { request: _, ...withoutRequest } = reviewBody()
  const cases: readonly { readonly name: string; readonly body: unknown; readonly want: RegExp }[] = [
    { name: 'no object', body: null, want: /^\(document\): must be of type object, not null$/ },
    { name: 'a text', body: 'review', want: /must be of type object, not string/ },
    {
      name: 'another version',
      body: { ...reviewBody(), apiVersion: 'admission.k8s.io/v1beta1' },
      want: /^apiVersion: "admission.k8s.io\/v1beta1" is not allowed/,
    },
    { name: 'no request', body: withoutRequest, want: /field "request" is missing/ },
    { name: 'no uid', body: reviewBody({ uid: '' }), want: /^request\.uid: / },
    {
      name: 'another operation',
      body: reviewBody({ operation: 'PATCH' }),
      want: /^request\.operation: "PATCH" is not allowed/,
    },
    {
      name: 'an operation that is not reviewed',
      body: reviewBody({ operation: 'DELETE' }),
      want: /^request\.operation: DELETE is not reviewed here/,
    },
    {
      name: 'another resource',
      body: reviewBody({ resource: { group: 'apps', version: 'v1', resource: 'deployments' } }),
      want: /^request\.resource: this webhook reviews pods, not apps\/v1\/deployments/,
    },
    {
      name: 'a subresource',
      body: reviewBody({ resource: RESOURCE, subResource: 'resize' }),
      want: /not v1\/pods\/resize/,
    },
    { name: 'no pod', body: reviewBody({ object: null }), want: /^request\.object: is missing/ },
  ]
  for (const { name, body, want } of cases) {
    const review = parsePodReview(body)
    assert.ok(!review.ok, name)
    const [issue] = review.issues
    assert.match(`${issue?.at}: ${issue?.problem}`, want, name)
    const { status, body: answer } = badRequest(review.issues)
    assert.equal(status, 400, name)
    assert.match(JSON.stringify(answer), /not a v1 AdmissionReview of a pod: /, name)
  }
})

test('the answer to junk is short and printable, whatever it was', () => {
  const { body } = badRequest([{ at: '\u001b[31m', problem: 'x\n'.repeat(2_000) }])
  assert.match((body as { readonly message: string }).message, /^[\x20-\x7e]{1,1000}$/)
})

test('a review in order whose pod cannot be read is the tenant’s to mend', () => {
  const review = parsePodReview(
    reviewBody({ object: { metadata: {}, spec: { containers: [{ name: 'a', env: 'x' }] } } }),
  )
  assert.ok(review.ok && !review.value.pod.ok)
  assert.deepEqual(unreadablePod(review.value.pod.issues), [
    {
      code: 'SLU-E101',
      reason: 'Invalid',
      field: 'spec.containers[0].env',
      message: 'must be of type array, not string',
    },
  ])
})

test('creates and updates are reviewed, and the pod is the object that came', () => {
  for (const operation of ['CREATE', 'UPDATE']) {
    const object = gpuPod()
    const review = parsePodReview(reviewBody({ operation, object }))
    assert.ok(review.ok && review.value.pod.ok, operation)
    assert.equal(review.value.pod.value, object)
  }
})

test('a pod goes by its name, and before it has one by what it will begin with', () => {
  const named = (metadata: JsonObject, request: JsonObject = {}) => {
    const review = parsePodReview(reviewBody({ ...request, object: gpuPod({}, metadata) }))
    assert.ok(review.ok && review.value.pod.ok)
    return podName(review.value.request, review.value.pod.value)
  }
  assert.equal(named({ name: 'a', generateName: 'b-' }), 'a')
  assert.equal(named({ generateName: 'b-' }, { name: 'c' }), 'c')
  assert.equal(named({ generateName: 'b-' }), 'b-*')
  assert.equal(named({}), '')
})
