import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBudget } from './cost.ts'
import { tryExpression } from './try-expression.ts'

test('a dyn result is checked against the type that was asked for', () => {
  const object = { n: 1, s: 'x', l: [1], m: { a: 1 }, z: null }
  assert.deepEqual(tryExpression('object.n', { object, resultType: 'int' }), { value: 1n })
  assert.deepEqual(tryExpression('object.l', { object, resultType: 'list' }), { value: [1n] })
  assert.deepEqual(tryExpression('object.n', { object, resultType: 'bool' }), { fails: 'the result is not a bool' })
  assert.deepEqual(tryExpression('object.z', { object, resultType: 'string' }), { fails: 'the result is not a string' })
  assert.deepEqual(tryExpression('object.m', { object, resultType: 'list' }), { fails: 'the result is not a list' })
})

test('a result is plain data all the way down', () => {
  const cases = [
    "[quantity('1')]",
    "{'a': [timestamp(0)]}",
    '[type(1)]',
    '[b"a"]',
    '[1u]',
    'google.protobuf',
    '[optional.none()]',
  ]
  for (const expression of cases) {
    const tried = tryExpression(expression)
    assert.ok(tried.fails !== undefined || tried.refused !== undefined, `${expression}: ${JSON.stringify(tried)}`)
  }
})

test('a result that would be endless when written out is refused', () => {
  const doubled = Array.from({ length: 40 }, (_, index) => ({
    name: `v${index + 1}`,
    expression: `[variables.v${index}, variables.v${index}]`,
  }))
  const tried = tryExpression('variables.v40', { variables: [{ name: 'v0', expression: "['a']" }, ...doubled] })
  assert.match(tried.exceeds ?? '', /cost limit of one expression/)
})

test('an error text names what stands in the expression and nothing of the object', () => {
  const secret = { data: { password: 'hunter2', n: 4711, list: ['hunter2'] } }
  const cases: readonly (readonly [expression: string, want: string])[] = [
    ['object.data.user', '1:13: no such key: user'],
    ['object.data[object.data.password]', '1:1: no such key'],
    ['object.data.list[object.data.n]', '1:1: index out of bounds'],
    ['int(object.data.password)', '1:1: cannot convert this value to int'],
    ['bool(object.data.password)', '1:1: cannot convert this value to bool'],
    ['string(duration(object.data.password))', '1:8: not a duration such as 1h30m'],
    ['string(timestamp(object.data.password))', '1:8: not a timestamp such as 2026-01-31T08:00:00Z'],
    ['quantity(object.data.password).isInteger()', '1:1: not a quantity such as 8, 500m or 128Gi'],
    ["'x'.matches(object.data.password + '(')", '1:1: not a regular expression: missing closing )'],
    ['object.data.password + 1', '1:1: no such overload: string + int'],
    ['object.data.password.foo', '1:22: a value of type string has no such key: foo'],
    ['object.data.password.charAt(99)', '1:1: index out of range'],
    ['object.data.n + 9223372036854775807', '1:1: integer overflow'],
    ["'%d'.format([object.data.password])", '1:1: format(): %d does not take this kind of value'],
    ['object.data.list.sum()', '1:1: sum() takes numbers of one type, or durations'],
    ['object.data.password ? 1 : 2', "1:13: Ternary condition must be bool, got 'string'"],
    ['object.data.list.all(x, x)', "1:25: all(var, predicate) predicate must return bool, got 'string'"],
    ['size(object.data.n)', '1:1: no such overload: size(int)'],
    ['timestamp(0).getHours(object.data.password)', '1:1: not a time zone'],
  ]
  for (const [expression, want] of cases) {
    const tried = tryExpression(expression, { object: secret })
    const text = tried.fails ?? JSON.stringify(tried)
    assert.equal(text, want, expression)
  }
})

test('a variable that has no value here is an error of the expression', () => {
  assert.deepEqual(tryExpression('sluice.gpus > 1'), { fails: '1:1: this variable has no value here' })
})

test('the budget of the policy ends an expression, and the ones after it', () => {
  const budget = createBudget(5_000)
  const object = { list: Array.from({ length: 600 }, (_, i) => i) }
  assert.deepEqual(tryExpression('object.list.all(x, x >= 0)', { object, budget }), { value: true })
  assert.deepEqual(tryExpression('object.list.all(x, object.list.all(y, true)) || true', { object, budget }), {
    exceeds: 'evaluation passed the cost budget of the policy',
  })
  assert.deepEqual(tryExpression('true', { object, budget }), {
    exceeds: 'evaluation passed the cost budget of the policy',
  })
})

test('a deadline ends an expression between two looks at the clock', () => {
  let looks = 0
  const budget = createBudget(1_000_000, () => ++looks > 2)
  const object = { list: Array.from({ length: 600 }, (_, i) => i) }
  assert.deepEqual(tryExpression('object.list.all(x, object.list.all(y, true))', { object, budget }), {
    exceeds: 'evaluation passed the time limit',
  })
})
