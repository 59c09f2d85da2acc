import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { applyPatch, type JsonPath, patchOf, sameJson } from './patch.ts'

test('missing parents come with the first value, and later values join it', () => {
  const patch = patchOf({ metadata: { name: 'x' } })
  patch.set(['metadata', 'labels', 'a'], '1')
  patch.set(['metadata', 'labels', 'b'], '2')
  assert.deepEqual(patch.operations(), [{ op: 'add', path: '/metadata/labels', value: { a: '1', b: '2' } }])
})

test('an existing value is replaced, an equal one is left alone', () => {
  const patch = patchOf({ spec: { schedulerName: 'default-scheduler', nodeSelector: { zone: 'a' } } })
  patch.set(['spec', 'schedulerName'], 'other')
  patch.set(['spec', 'nodeSelector'], { zone: 'a' })
  assert.deepEqual(patch.operations(), [{ op: 'replace', path: '/spec/schedulerName', value: 'other' }])
})

test('appending to an existing list adds one item at its end', () => {
  const patch = patchOf({ spec: { tolerations: [{ key: 'a' }] } })
  patch.append(['spec', 'tolerations'], { key: 'b' })
  patch.append(['spec', 'tolerations'], { key: 'c' })
  assert.deepEqual(patch.operations(), [
    { op: 'add', path: '/spec/tolerations/1', value: { key: 'b' } },
    { op: 'add', path: '/spec/tolerations/2', value: { key: 'c' } },
  ])
})

test('removing what is not there writes nothing', () => {
  const patch = patchOf({ spec: { priority: 0 } })
  patch.remove(['spec', 'preemptionPolicy'])
  patch.remove(['spec', 'priority'])
  assert.deepEqual(patch.operations(), [{ op: 'remove', path: '/spec/priority' }])
})

test('keys are escaped as JSON Pointer demands', () => {
  const patch = patchOf({ metadata: { annotations: {} } })
  patch.set(['metadata', 'annotations', 'sluice.dev/a~b'], 'x')
  assert.equal(patch.operations()[0]?.path, '/metadata/annotations/sluice.dev~1a~0b')
})

test('keys that name parts of Object are data', () => {
  const labels = JSON.parse('{"constructor":"c","__proto__":"p"}') as JsonObject
  const patch = patchOf({ metadata: { labels } })
  assert.equal(patch.get(['metadata', 'labels', 'toString']), undefined)
  assert.equal(patch.get(['metadata', 'labels', '__proto__']), 'p')
  patch.set(['metadata', 'labels', 'tier'], 'burst')
  const after = applyPatch({ metadata: { labels } }, patch.operations())
  assert.equal(JSON.stringify(after), '{"metadata":{"labels":{"constructor":"c","__proto__":"p","tier":"burst"}}}')
  assert.equal(Object.hasOwn(Object.prototype, 'tier'), false)
})

test('the document that was given is never written to', () => {
  const document = JSON.parse('{"spec":{"containers":[{"name":"a","env":[{"name":"X"}]}]}}') as JsonObject
  const before = JSON.stringify(document)
  const patch = patchOf(document)
  patch.append(['spec', 'containers', 0, 'env'], { name: 'Y' })
  patch.set(['spec', 'containers', 0, 'env', 0, 'value'], '1')
  patch.remove(['spec', 'containers', 0, 'name'])
  assert.equal(JSON.stringify(document), before)
})

test('an operation that does not apply is an error', () => {
  const document: JsonObject = { list: [1], text: 'x' }
  assert.throws(() => applyPatch({}, [{ op: 'remove', path: '/spec' }]), /remove \/spec does not apply/)
  assert.throws(() => applyPatch({}, [{ op: 'add', path: '/spec/x', value: 1 }]), /does not apply/)
  assert.throws(() => applyPatch(document, [{ op: 'add', path: '/text/x', value: 1 }]), /does not apply/)
  assert.throws(() => applyPatch(document, [{ op: 'add', path: '/list/2', value: 1 }]), /does not apply/)
  assert.throws(() => applyPatch(document, [{ op: 'replace', path: '/list/1', value: 1 }]), /does not apply/)
})

test('a key of digits is a key of an object and an index of a list', () => {
  const document: JsonObject = { labels: { 0: 'a', 7: 'b' }, list: ['a', 'b'] }
  const after = applyPatch(document, [
    { op: 'replace', path: '/labels/0', value: 'x' },
    { op: 'add', path: '/labels/1', value: 'y' },
    { op: 'remove', path: '/labels/7' },
    { op: 'replace', path: '/list/0', value: 'x' },
    { op: 'add', path: '/list/2', value: 'z' },
  ])
  assert.deepEqual(after, { labels: { 0: 'x', 1: 'y' }, list: ['x', 'b', 'z'] })
})

test('what was removed can be set again, and what was set removed', () => {
  const patch = patchOf({ spec: { priority: 0, other: 1 } })
  patch.remove(['spec', 'priority'])
  patch.set(['spec', 'priority'], 5)
  patch.set(['spec', 'fresh'], 1)
  patch.remove(['spec', 'fresh'])
  assert.deepEqual(applyPatch({ spec: { priority: 0, other: 1 } }, patch.operations()), {
    spec: { priority: 5, other: 1 },
  })
})

const key = fc.constantFrom('a', 'b', 'a/b', '~', '__proto__', 'constructor')
const path = fc.array(key, { minLength: 1, maxLength: 4 })
const change = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), path, value: fc.jsonValue() as fc.Arbitrary<JsonValue> }),
  fc.record({ kind: fc.constant('remove' as const), path, value: fc.constant(null) }),
  fc.record({ kind: fc.constant('append' as const), path, value: fc.jsonValue() as fc.Arbitrary<JsonValue> }),
)

test('the operations, applied to the document, give what the writer reads', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), changes => {
      const document: JsonObject = { a: { b: 1 }, b: [1, 2] }
      const patch = patchOf(document)
      for (const { kind, path: at, value } of changes) {
        if (!isReachable(patch.get.bind(patch), at)) continue
        if (kind === 'set') patch.set(at, value)
        else if (kind === 'remove') patch.remove(at)
        else patch.append(at, value)
      }
      const after = applyPatch(document, patch.operations())
      const read = patch.get([])
      assert.ok(read !== undefined && sameJson(after, read), JSON.stringify({ after, read, ops: patch.operations() }))
    }),
    { numRuns: 500 },
  )
})

// Injection never writes a field below a text or a list index by name; such a change has no meaning to keep.
function isReachable(get: (path: JsonPath) => JsonValue | undefined, at: JsonPath): boolean {
  return at.every((_, length) => {
    const value = get(at.slice(0, length))
    return value === undefined || (value !== null && typeof value === 'object' && !Array.isArray(value))
  })
}
