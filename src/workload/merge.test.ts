import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../schema/parts.ts'
import { merged } from './merge.ts'

test('objects merge, named items merge by name, everything else is replaced, null removes', () => {
  const cases: readonly {
    readonly name: string
    readonly base: JsonObject
    readonly patch: JsonObject
    readonly want: JsonObject
  }[] = [
    { name: 'objects', base: { a: { b: 1 } }, patch: { a: { c: 2 } }, want: { a: { b: 1, c: 2 } } },
    { name: 'removal', base: { a: 1, b: 2 }, patch: { a: null }, want: { b: 2 } },
    { name: 'scalars', base: { a: [1] }, patch: { a: [2, 3] }, want: { a: [2, 3] } },
    {
      name: 'claims',
      base: { claims: [{ name: 'x', template: 'small' }, { name: 'y' }] },
      patch: { claims: [{ name: 'x', template: 'large' }, { name: 'z' }] },
      want: { claims: [{ name: 'x', template: 'large' }, { name: 'y' }, { name: 'z' }] },
    },
    {
      name: 'items without a name',
      base: { t: [{ key: 'a' }] },
      patch: { t: [{ key: 'b' }] },
      want: { t: [{ key: 'b' }] },
    },
  ]
  for (const { name, base, patch, want } of cases) assert.deepEqual(merged(base, patch), want, name)
})

test('a foreign key stays a key', () => {
  const patch = JSON.parse('{"__proto__":{"polluted":true}}')
  const result = merged({ a: 1 }, patch)
  assert.ok(Object.hasOwn(result, '__proto__'))
  assert.equal(Object.getPrototypeOf(result), Object.prototype)
})
