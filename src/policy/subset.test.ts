import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonValue } from '../schema/parts.ts'
import { mismatch } from './subset.ts'

const CASES: readonly {
  readonly name: string
  readonly wanted: JsonValue
  readonly found: JsonValue
  /** What is said; undefined where all shows. */
  readonly want: string | undefined
}[] = [
  { name: 'fields that are not asked for are passed over', wanted: { a: 1 }, found: { a: 1, b: 2 }, want: undefined },
  {
    name: 'a field that is not there',
    wanted: { a: { b: 1 } },
    found: { a: {} },
    want: 'a.b: wanted 1, found nothing',
  },
  { name: 'another value', wanted: { a: 'x' }, found: { a: 'y' }, want: 'a: wanted "x", found "y"' },
  { name: 'text for a number', wanted: { a: 1 }, found: { a: '1' }, want: 'a: wanted 1, found "1"' },
  { name: 'a list for an object', wanted: { a: {} }, found: { a: [] }, want: 'a: wanted {}, found []' },
  { name: 'an object for a list', wanted: { a: [] }, found: { a: {} }, want: 'a: wanted [], found {}' },
  { name: 'null is a value', wanted: { a: null }, found: { a: null }, want: undefined },
  { name: 'null is not nothing', wanted: { a: null }, found: {}, want: 'a: wanted null, found nothing' },
  { name: 'items in any order', wanted: [1, 2], found: [3, 2, 1], want: undefined },
  { name: 'an item for each', wanted: [1, 1], found: [1, 2], want: '(root): no item is 1; found [1,2]' },
  { name: 'an item that shows more', wanted: [{ a: 1 }], found: [{ a: 1, b: 2 }], want: undefined },
  {
    name: 'a modest item leaves the richer one to whoever needs it',
    wanted: [{ a: 1 }, { a: 1, b: 2 }],
    found: [{ a: 1, b: 2 }, { a: 1 }],
    want: undefined,
  },
  {
    name: 'what every object has is no field',
    wanted: { constructor: 1 },
    found: {},
    want: 'constructor: wanted 1, found nothing',
  },
  {
    name: 'keys as people write them',
    wanted: { l: { 'a.b/c': 1 } },
    found: { l: {} },
    want: 'l["a.b/c"]: wanted 1, found nothing',
  },
  { name: 'at the root', wanted: 1, found: 2, want: '(root): wanted 1, found 2' },
]

test('what is wanted shows, or the first place where it does not is named', () => {
  for (const { name, wanted, found, want } of CASES) assert.equal(mismatch(wanted, found), want, name)
})

test('what was found is cut to a length that fits a line', () => {
  assert.ok((mismatch({ a: 1 }, { a: 'x'.repeat(1000) }) ?? '').length < 350)
})

const someJson = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>

test('every value shows itself, and a part of itself', () => {
  fc.assert(
    fc.property(someJson, value => {
      assert.equal(mismatch(value, value), undefined)
    }),
  )
  fc.assert(
    fc.property(fc.array(someJson, { maxLength: 6 }), fc.infiniteStream(fc.boolean()), (items, coin) => {
      const some = items.filter(() => coin.next().value)
      assert.equal(mismatch(some.toReversed(), items), undefined)
    }),
  )
})
