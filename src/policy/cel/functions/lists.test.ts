import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tryExpression } from '../try-expression.ts'
import type { CelValue } from '../value.ts'

const object = {
  ints: [3, 1, 2, 1],
  mixed: [1, 'a'],
  texts: ['b', 'a'],
  one: ['x'],
  pods: [
    { n: 'b', g: 2 },
    { n: 'a', g: 1 },
  ],
}

function check(cases: readonly (readonly [expression: string, want: CelValue])[]): void {
  for (const [expression, want] of cases)
    assert.deepEqual(tryExpression(expression, { object }), { value: want }, expression)
}

test('aggregates work on literals and on lists of the object', () => {
  check([
    ['[1, 3].sum() + object.ints.sum()', 11n],
    ['[1.5, 2.0].sum()', 3.5],
    ['[].sum()', 0n],
    ["string([duration('1m'), duration('1s')].sum())", '61s'],
    ['object.ints.min() + object.ints.max()', 4n],
    ["['b', 'a'].min()", 'a'],
    ["[duration('1h'), duration('90m')].max() == duration('90m')", true],
    ['[1, 2, 2].isSorted() && [].isSorted() && !object.ints.isSorted()', true],
    ['object.ints.indexOf(1) * 10 + object.ints.lastIndexOf(1)', 13n],
    ["object.ints.indexOf(9) + ['a'].lastIndexOf('b')", -2n],
    ["object.ints.includes(2) && 'a'.includes('a') && !'ab'.includes('a')", true],
  ])
})

test('lists are cut, ordered and flattened', () => {
  check([
    ['object.ints.sort()', [1n, 1n, 2n, 3n]],
    ['object.pods.sortBy(p, p.g).map(p, p.n)', ['a', 'b']],
    ['[1, 2, 3].sortBy(x, -x)', [3n, 2n, 1n]],
    ['object.ints.distinct()', [3n, 1n, 2n]],
    ['[1, 2, 3].reverse()', [3n, 2n, 1n]],
    ['[1, 2, 3].slice(1, 2)', [2n]],
    ['[1, 2, 3].slice(3, 3)', []],
    ['[[1], [2, 3], []].flatten()', [1n, 2n, 3n]],
    ['[[[1]], [[2]]].flatten(1)', [[1n], [2n]]],
    ['[[[1]], [[2]]].flatten(2)', [1n, 2n]],
    ['[[1]].flatten(0)', [[1n]]],
    ['lists.range(3)', [0n, 1n, 2n]],
    ['lists.range(-1)', []],
  ])
})

test('sets are compared by value', () => {
  check([
    ['sets.contains([1, 2, 3], [2, 3])', true],
    ['sets.contains(object.ints, [2, 9])', false],
    ['sets.contains([], [])', true],
    ['sets.equivalent([1, 2, 2], [2, 1])', true],
    ['sets.intersects([1, 2], [2, 3]) && !sets.intersects([1], [])', true],
  ])
})

test('values that have no order or no sum are an error', () => {
  const cases: readonly (readonly [expression: string, want: string])[] = [
    ['[].min()', '1:1: min() of an empty list'],
    ['object.mixed.max()', '1:1: these values cannot be compared'],
    ['object.pods.sort()', '1:1: these values cannot be compared'],
    ['object.pods.sortBy(p, p)', '1:1: these values cannot be compared'],
    ['object.pods.sortBy(p, p.nope)', '1:25: no such key: nope'],
    ['object.mixed.sum()', '1:1: sum() takes numbers of one type, or durations'],
    ['object.one.sum()', '1:1: sum() takes numbers of one type, or durations'],
    ['[9223372036854775807, 1].sum()', '1:1: integer overflow'],
    ['[1].slice(0, 2)', '1:1: index out of range'],
    ['[1].slice(1, 0)', '1:1: index out of range'],
    ['[[1]].flatten(-1)', '1:1: flatten() takes a depth of at least 0'],
    ['object.pods[0].sortBy(p, p)', '1:1: sortBy() is a method of lists'],
  ]
  for (const [expression, want] of cases)
    assert.deepEqual(tryExpression(expression, { object }), { fails: want }, expression)
})
