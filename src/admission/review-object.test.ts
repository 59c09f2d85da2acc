import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../schema/parts.ts'
import { parsedValue } from '../schema/testing.ts'
import { parseObjectReview } from './review-object.ts'

function reviewOf(request: JsonObject): JsonObject {
  const kind = { group: 'sluice.dev', version: 'v1alpha1', kind: 'Cohort' }
  const resource = { group: 'sluice.dev', version: 'v1alpha1', resource: 'cohorts' }
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u', kind, resource, ...request },
  }
}

const object = (metadata: JsonObject): JsonObject => ({ kind: 'Cohort', metadata })

test('an object is known by its own name, a generated one by its beginning, and one that is deleted by what it was', () => {
  const named = (request: JsonObject) => parsedValue(parseObjectReview(reviewOf(request))).name
  assert.equal(named({ operation: 'CREATE', name: 'x', object: object({ name: 'lab' }) }), 'lab')
  assert.equal(named({ operation: 'CREATE', object: object({ generateName: 'lab-' }) }), 'lab-*')
  assert.equal(named({ operation: 'DELETE', object: null, oldObject: object({ name: 'lab' }) }), 'lab')
  assert.equal(named({ operation: 'DELETE', name: 'lab', object: null, oldObject: null }), 'lab')
})

test('what was before is there where it was sent', () => {
  const before = object({ name: 'lab' })
  const request = { operation: 'UPDATE', object: before }
  assert.deepEqual(parsedValue(parseObjectReview(reviewOf({ ...request, oldObject: before }))).oldObject, before)
  assert.equal(parsedValue(parseObjectReview(reviewOf({ ...request, oldObject: null }))).oldObject, undefined)
})

test('anything else is said to be what it is', () => {
  const cases: readonly (readonly [JsonObject, RegExp])[] = [
    [{ operation: 'CREATE' }, /request\.object: is missing/],
    [{ operation: 'UPDATE', object: null }, /request\.object: is missing/],
    [{ operation: 'CONNECT' }, /CONNECT is not reviewed/],
    [{ operation: 'DELETE', object: null, oldObject: null }, /request\.name: is missing/],
    [{ operation: 'CREATE', object: object({}) }, /request\.name: is missing/],
    [{ operation: 'CREATE', object: { kind: 'TenantQuota', metadata: { name: 'x' } } }, /is not the kind/],
    [{ operation: 'UPDATE', subResource: 'status', object: object({ name: 'x' }) }, /cohorts\/status is not reviewed/],
  ]
  for (const [request, says] of cases) {
    const review = parseObjectReview(reviewOf(request))
    assert.ok(!review.ok, JSON.stringify(request))
    assert.match(review.issues.map(({ at, problem }) => `${at}: ${problem}`).join(), says)
  }
})
