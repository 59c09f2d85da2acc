import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tried } from '../try-expression.ts'
import { tryExpression } from '../try-expression.ts'

const object = { labels: { team: 'red', tier: 'burst' }, list: [5, 6], z: [], nested: [[1, 2], [3]], text: 'x' }

interface Case extends Tried {
  readonly expression: string
}

function check(cases: readonly Case[]): void {
  for (const { expression, ...want } of cases) assert.deepEqual(tryExpression(expression, { object }), want, expression)
}

test('two names are position and value of a list, key and value of a map', () => {
  check([
    { expression: 'object.list.all(i, v, v == i + 5)', value: true },
    { expression: "object.labels.all(k, v, k.startsWith('t') && v != '')", value: true },
    { expression: "object.labels.exists(k, v, k == 'tier' && v == 'burst')", value: true },
    { expression: 'object.list.existsOne(i, v, v > 5)', value: true },
    { expression: 'object.list.existsOne(v, v > 5)', value: true },
    { expression: "object.labels.existsOne(k, k == 'team')", value: true },
    { expression: 'object.list.transformList(i, v, i * v)', value: [0n, 6n] },
    { expression: 'object.list.transformList(i, v, i > 0, v)', value: [6n] },
    {
      expression: "object.labels.transformMap(k, v, k + '=' + v)",
      value: new Map([
        ['team', 'team=red'],
        ['tier', 'tier=burst'],
      ]),
    },
    { expression: "object.labels.transformMap(k, v, v == 'red', 1)", value: new Map([['team', 1n]]) },
    {
      expression: 'object.labels.transformMapEntry(k, v, {v: k})',
      value: new Map([
        ['red', 'team'],
        ['burst', 'tier'],
      ]),
    },
    { expression: 'object.z.all(i, v, v) && !object.z.exists(i, v, v) && {}.all(k, v, v > 1)', value: true },
    { expression: 'object.nested.all(i, l, l.all(j, v, v > i + j - 3))', value: true },
  ])
})

test('an error of one pass is absorbed by another that decides', () => {
  check([
    { expression: 'object.list.exists(i, v, v == 6 || object.nope)', value: true },
    { expression: 'object.list.all(i, v, v == 6 && object.nope)', value: false },
    { expression: 'object.list.exists(i, v, v == 9 || object.nope)', fails: '1:43: no such key: nope' },
    { expression: 'object.list.existsOne(i, v, v == 6 || object.nope)', fails: '1:46: no such key: nope' },
  ])
})

test('what does not fit is said at load where types are known, else at run time', () => {
  check([
    { expression: "[1].all(i, v, 'x')", refused: 'here 1:1: the predicate of a comprehension must be bool' },
    { expression: 'object.list.all(i, v, v)', fails: '1:23: the predicate of a comprehension must be bool' },
    { expression: 'object.text.all(i, v, true)', fails: '1:8: a comprehension needs a list or a map' },
    {
      expression: '[1].transformMapEntry(i, v, 1)',
      refused: 'here 1:1: transformMapEntry() takes an expression that is a map',
    },
    {
      expression: 'object.labels.transformMapEntry(k, v, {1: k})',
      fails: '1:1: transformMapEntry() made one key twice',
    },
  ])
  assert.match(tryExpression("'a'.all(i, v, true)").refused ?? '', /a comprehension needs a list or a map/)
})

test('optMap and optFlatMap map what is there', () => {
  check([
    { expression: 'object.?list.optMap(l, l.size()).orValue(0)', value: 2n },
    { expression: 'object.?nope.optMap(l, l.size()).orValue(0)', value: 0n },
    { expression: 'object.?labels.optFlatMap(l, l.?team).orValue("none")', value: 'red' },
    { expression: 'object.?labels.optFlatMap(l, l.?nope).hasValue()', value: false },
    {
      expression: 'object.?labels.optFlatMap(l, 1)',
      refused: 'here 1:1: optFlatMap() takes an expression that is optional',
    },
    {
      expression: 'object.?labels.optFlatMap(l, dyn(1)).hasValue()',
      fails: '1:1: optFlatMap() takes an expression that is optional',
    },
    { expression: 'object.labels.optMap(l, 1).hasValue()', fails: '1:1: this method is for optional values' },
    { expression: '[1].optMap(l, 1)', refused: 'here 1:1: this method is for optional values' },
  ])
})

test('names of an inner macro hide those outside, and are gone after it', () => {
  check([
    { expression: '[1, 2].map(x, [10].map(x, x)[0] + x)', value: [11n, 12n] },
    { expression: '[1, 2].transformList(i, x, [10].transformList(i, x, i + x)[0] + i)', value: [10n, 11n] },
    { expression: '[1].all(x, true) && x', refused: 'here 1:21: Unknown variable: x' },
    { expression: '[1].all(i, x, true) && x', refused: 'here 1:24: Unknown variable: x' },
  ])
})
