import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type CelKey, type CelValue, TooDeep, toCel, toJson } from './value.ts'

type CelMap = ReadonlyMap<CelKey, CelValue>

function mapOf(value: CelValue): CelMap {
  assert.ok(value instanceof Map)
  return value
}

test('numbers, texts, booleans and null have the type that CEL gives them', () => {
  const cases: readonly { readonly json: unknown; readonly want: CelValue }[] = [
    { json: 8, want: 8n },
    { json: -0, want: 0n },
    { json: 1.5, want: 1.5 },
    { json: 2 ** 53, want: 2n ** 53n },
    { json: -(2 ** 63), want: -(2n ** 63n) },
    { json: 2 ** 63, want: 2 ** 63 },
    { json: 1e300, want: 1e300 },
    { json: 8n, want: 8n },
    { json: 2n ** 64n, want: 2 ** 64 },
    { json: 'x', want: 'x' },
    { json: true, want: true },
    { json: null, want: null },
    { json: undefined, want: null },
    { json: Symbol('x'), want: null },
    { json: () => 1, want: null },
    { json: [1, undefined, 'a'], want: [1n, null, 'a'] },
  ]
  for (const { json, want } of cases) assert.deepEqual(toCel(json), want)
})

test('keys that mean something to JavaScript are data', () => {
  const map = mapOf(toCel(JSON.parse('{"__proto__":{"a":1},"constructor":"x","toString":2,"a":null}')))
  assert.equal(mapOf(map.get('__proto__') as CelValue).get('a'), 1n)
  assert.equal(map.get('constructor'), 'x')
  assert.equal(map.get('toString'), 2n)
  assert.equal(map.has('a'), true)
  assert.equal(map.get('a'), null)
  assert.equal(map.get('hasOwnProperty'), undefined)
  assert.equal(map.has('valueOf'), false)
  assert.equal(map.size, 4)
})

test('an absent field is absent, and so is an undefined one', () => {
  const map = mapOf(toCel({ a: undefined, b: 1 }))
  assert.equal(map.has('a'), false)
  assert.deepEqual([...map.keys()], ['b'])
})

test('the order of a map is that of the JSON, whatever was read first', () => {
  const map = mapOf(toCel({ z: 1, a: 2, m: 3 }))
  map.get('m')
  map.get('a')
  assert.deepEqual(
    [...map],
    [
      ['z', 1n],
      ['a', 2n],
      ['m', 3n],
    ],
  )
  assert.deepEqual([...map.values()], [1n, 2n, 3n])
  const seen: unknown[] = []
  map.forEach((value, key) => {
    seen.push([key, value])
  })
  assert.equal(seen.length, 3)
})

test('an entry is converted once', () => {
  const map = mapOf(toCel({ spec: { a: 1 } }))
  const before = map.get('spec')
  assert.equal(map.size, 1)
  assert.equal(map.get('spec'), before)
})

test('what is nested deeper than anyone writes is there, and marked', () => {
  let value = toCel(JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`))
  let depth = 0
  while (value instanceof Map) {
    value = value.get('a') as CelValue
    depth += 1
  }
  assert.equal(depth, 128)
  assert.ok((value as unknown) instanceof TooDeep)
})

test('no JSON makes the conversion throw, and none loses a key or a value', () => {
  const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', ''))
  const { json } = fc.letrec(tie => ({
    json: fc.oneof(
      { depthSize: 'small' },
      fc.constant(null),
      fc.boolean(),
      fc.string(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => (Object.is(value, -0) ? 0 : value)),
      fc.array(tie('json'), { maxLength: 4 }),
      fc.array(fc.tuple(key, tie('json')), { maxLength: 4 }).map(entries => Object.fromEntries(entries)),
    ),
  }))
  fc.assert(
    fc.property(json, value => {
      assert.deepEqual(toJson(toCel(value)), value)
    }),
  )
})
