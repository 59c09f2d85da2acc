import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { filled, fromArray, get, set, withAll } from './persistent-array.ts'
import { differences, emptyMap, entries, find, insert, insertAll, without } from './persistent-map.ts'

test('a persistent array behaves like a copied array, and old versions stay as they were', () => {
  const write = fc.record({ index: fc.nat(299), value: fc.integer({ min: 1 }) })
  fc.assert(
    fc.property(fc.array(write, { maxLength: 40 }), writes => {
      let array = filled(300, 0)
      let plain: readonly number[] = Array.from({ length: 300 }, () => 0)
      const versions = [{ array, plain }]
      for (const { index, value } of writes) {
        array = set(array, index, value)
        plain = plain.with(index, value)
        versions.push({ array, plain })
      }
      for (const version of versions) {
        assert.deepEqual(
          version.plain.map((_, index) => get(version.array, index)),
          version.plain,
        )
      }
    }),
  )
})

test('an array made of values holds those values', () => {
  for (const length of [0, 1, 127, 128, 129, 300]) {
    const values = Array.from({ length }, (_, index) => index)
    const array = fromArray(values)
    assert.deepEqual(
      values.map(index => get(array, index)),
      values,
    )
  }
})

test('an index outside the array is an error, even where a row has spare slots', () => {
  const array = filled(130, 'x')
  for (const index of [-1, 130, 255, 1000]) {
    assert.throws(() => get(array, index), /outside an array of 130/)
    assert.throws(() => set(array, index, 'y'), /outside an array of 130/)
  }
})

test('a persistent map behaves like a copied map, and old versions stay as they were', () => {
  const step = fc.record({ key: fc.constantFrom('a', 'b', '__proto__', 'constructor', ''), value: fc.option(fc.nat()) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), steps => {
      let map = emptyMap<number>()
      const plain = new Map<string, number>()
      const versions = [{ map, plain: new Map(plain) }]
      for (const { key, value } of steps) {
        map = value === null ? without(map, key) : insert(map, key, value)
        if (value === null) plain.delete(key)
        else plain.set(key, value)
        versions.push({ map, plain: new Map(plain) })
      }
      for (const version of versions) {
        assert.deepEqual(new Map(entries(version.map)), version.plain)
        assert.equal(version.map.size, version.plain.size)
        for (const key of ['a', 'absent']) assert.equal(find(version.map, key), version.plain.get(key))
      }
    }),
  )
})

test('many entries inserted at once are those inserted one by one', () => {
  const pairs = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', '__proto__'), fc.nat(9)), { maxLength: 12 })
  fc.assert(
    fc.property(pairs, pairs, (first, second) => {
      const before = insertAll(emptyMap<number>(), first)
      const kept = new Map(entries(before))
      const after = insertAll(before, second)
      const oneByOne = second.reduce((map, [key, value]) => insert(map, key, value), before)
      assert.deepEqual(new Map(entries(after)), new Map(entries(oneByOne)))
      assert.equal(after.size, oneByOne.size)
      assert.deepEqual(new Map(entries(before)), kept)
    }),
  )
  assert.throws(() => withAll(filled(130, 0), [[130, 1]]), /outside an array of 130/)
})

test('differences are the keys whose values are not the same object', () => {
  const one = ['a', 'b', 'c', 'd'].reduce((map, key) => insert(map, key, { key }), emptyMap<object>())
  const changed = { key: 'b' }
  const other = insert(without(insert(one, 'b', changed), 'c'), 'e', changed)
  const found = [...differences(one, other)].toSorted((a, b) => (a.key < b.key ? -1 : 1))
  assert.deepEqual(found, [
    { key: 'b', before: { key: 'b' }, after: changed },
    { key: 'c', before: { key: 'c' }, after: undefined },
    { key: 'e', before: undefined, after: changed },
  ])
  assert.deepEqual([...differences(one, one)], [])
})

test('keys that share a bucket do not disturb each other', () => {
  // With more keys than buckets some must collide.
  const keys = Array.from({ length: 20_000 }, (_, index) => `pod-${index}`)
  const full = keys.reduce((map, key, index) => insert(map, key, index), emptyMap<number>())
  const half = keys.filter((_, index) => index % 2 === 0).reduce(without, full)
  assert.equal(full.size, 20_000)
  assert.equal(half.size, 10_000)
  assert.ok(keys.every((key, index) => find(full, key) === index))
  assert.ok(keys.every((key, index) => find(half, key) === (index % 2 === 0 ? undefined : index)))
})
