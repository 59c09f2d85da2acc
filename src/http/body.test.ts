import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIssue } from '../schema/parsed.ts'
import { MAX_DEPTH, mediaTypeProblem, parseBody } from './body.ts'

const refused = [
  { name: 'an empty body', bytes: Buffer.alloc(0), want: 'body: is empty (send one AdmissionReview as JSON)' },
  {
    name: 'a cut body',
    bytes: Buffer.from('{"a":'),
    want: 'body, line 1 column 6 (offset 5): the JSON text ends too early',
  },
  {
    name: 'a secret that is not JSON',
    bytes: Buffer.from('{"password": hunter2}'),
    want: 'body, line 1 column 14 (offset 13): this is not JSON from here on',
  },
  {
    name: 'bytes that are not UTF-8',
    bytes: Buffer.from([0x22, 0xff, 0x22]),
    want: 'body: is not UTF-8 (JSON is sent in UTF-8)',
  },
  {
    name: 'a hundred thousand brackets',
    bytes: Buffer.from('['.repeat(100_000) + ']'.repeat(100_000)),
    want: `body: nests deeper than ${MAX_DEPTH} levels (flatten the object)`,
  },
]
for (const { name, bytes, want } of refused) {
  test(`a body is refused with the place and without repeating it: ${name}`, () => {
    const body = parseBody(bytes)
    assert.deepEqual(body.ok ? [] : body.issues.map(formatIssue), [want])
  })
}

test('__proto__ and constructor stay own properties and reach no prototype', () => {
  const body = parseBody(
    Buffer.from('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}'),
  )
  assert.ok(body.ok && typeof body.value === 'object' && body.value !== null)
  assert.deepEqual(Object.keys(body.value), ['__proto__', 'constructor'])
  assert.equal(Object.getPrototypeOf(body.value), Object.prototype)
  assert.equal(Reflect.get(body.value, 'polluted'), undefined)
  assert.equal(Reflect.get({}, 'polluted'), undefined)
})

const mediaTypes = [
  { name: 'as the API server sends', headers: { 'content-type': 'application/json' }, want: true },
  { name: 'with a charset', headers: { 'content-type': 'Application/JSON; charset=UTF-8' }, want: true },
  { name: 'with a quoted charset', headers: { 'content-type': 'application/json;charset="utf-8"' }, want: true },
  { name: 'another charset', headers: { 'content-type': 'application/json; charset=utf-16' }, want: false },
  { name: 'a type that only ends like it', headers: { 'content-type': 'application/vnd.x+json' }, want: false },
  { name: 'protobuf', headers: { 'content-type': 'application/vnd.kubernetes.protobuf' }, want: false },
  { name: 'no type', headers: {}, want: false },
  { name: 'compressed', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' }, want: false },
  { name: 'identity', headers: { 'content-type': 'application/json', 'content-encoding': 'identity' }, want: true },
]
for (const { name, headers, want } of mediaTypes) {
  test(`content type ${want ? 'accepted' : 'refused'}: ${name}`, () => {
    assert.equal(mediaTypeProblem(headers) === undefined, want)
  })
}
