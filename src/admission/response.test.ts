import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestOf } from '../policy/testing.ts'
import type { Denial } from './denial.ts'
import { allowed, refused, reviewOf } from './response.ts'

const request = requestOf({}, 'team-a')
const wrong: Denial = { code: 'SLU-E102', reason: 'Invalid', field: 'spec.x', message: 'wrong', fix: 'mend it' }
const full: Denial = { code: 'SLU-Q201', reason: 'Forbidden', message: 'exceeded quota: x' }

test('an admission carries its patch in base64, and nothing where there is nothing', () => {
  assert.deepEqual(allowed(request, [], []), { uid: 'review', allowed: true })
  const operations = [{ op: 'add', path: '/metadata/labels', value: { ä: 'ö' } }] as const
  const { patch = '', ...rest } = allowed(request, operations, [])
  assert.deepEqual(rest, { uid: 'review', allowed: true, patchType: 'JSONPatch' })
  assert.deepEqual(JSON.parse(Buffer.from(patch, 'base64').toString('utf8')), operations)
})

test('a refusal of quota alone is Forbidden: controllers try again', () => {
  const { status, allowed: isAllowed } = refused(request, 'pod', [full], [])
  assert.equal(isAllowed, false)
  assert.deepEqual([status?.code, status?.reason, status?.details], [403, 'Forbidden', undefined])
  assert.match(status?.message ?? '', /exceeded quota:/)
})

test('a refusal of the spec is Invalid: a cause for each, the worst first, and all of it in the message', () => {
  const { status } = refused(request, 'pod', [full, wrong], [])
  assert.deepEqual([status?.code, status?.reason], [422, 'Invalid'])
  assert.deepEqual(status?.details, {
    kind: 'Pod',
    name: 'pod',
    causes: [
      { reason: 'FieldValueInvalid', field: 'spec.x', message: '[SLU-E102] wrong; fix: mend it' },
      { reason: 'FieldValueForbidden', field: 'spec', message: '[SLU-Q201] exceeded quota: x' },
    ],
  })
  assert.match(status?.message ?? '', /^\[SLU-E102\] spec\.x: wrong\n(.*\n)*\[SLU-Q201\]/)
})

test('a name or a field that a tenant wrote cannot speak to the terminal', () => {
  const { status } = refused(request, 'a\u001b[2Jb', [{ ...wrong, field: 'metadata.labels["\u009b"]' }], [])
  assert.equal(status?.details?.name, 'a?[2Jb')
  assert.equal(status?.details?.causes[0]?.field, 'metadata.labels["?"]')
})

test('warnings are few, short, in one line, and each is given once', () => {
  const warningsOf = (...warnings: readonly string[]) => allowed(request, [], warnings).warnings
  assert.deepEqual(warningsOf('a', 'a', 'b'), ['a', 'b'])
  assert.deepEqual(warningsOf('two\nlines'), ['two lines'])
  assert.deepEqual(warningsOf('x'.repeat(121)), [`${'x'.repeat(117)}...`])
  assert.deepEqual(warningsOf('1', '2', '3', '4', '5'), ['1', '2', '3', '4', '5'])
  assert.deepEqual(warningsOf('1', '2', '3', '4', '5', '6', '7'), [
    '1',
    '2',
    '3',
    '4',
    'and 3 more warnings: sluice review shows them all',
  ])
})

test('a refusal has its warnings too', () => {
  assert.deepEqual(refused(request, 'pod', [full], ['w']).warnings, ['w'])
})

test('an answer is a review of the version that the webhooks register for', () => {
  const response = allowed(request, [], [])
  assert.deepEqual(reviewOf(response), { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response })
})
