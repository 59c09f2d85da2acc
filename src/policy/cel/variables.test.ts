import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileExpression, compileVariables } from './compile.ts'
import { createBudget, POLICY_COST } from './cost.ts'
import { activate, evaluate } from './evaluate.ts'
import { toCel } from './value.ts'

const DEAR = { name: 'dear', expression: 'object.list.map(x, x * 2).size()' }
const inputs = {
  object: toCel({ list: Array.from({ length: 1_000 }, (_, i) => i) }),
  oldObject: null,
  params: null,
  namespaceObject: null,
}

function run(
  expressions: readonly string[],
  ...sources: readonly { readonly name: string; readonly expression: string }[]
) {
  const variables = compileVariables(sources, 'variables')
  assert.ok(variables.ok)
  const activation = activate(inputs, variables.value)
  const budget = createBudget(POLICY_COST)
  const results = expressions.map(expression => {
    const compiled = compileExpression({ expression, resultType: 'dyn', place: 'e', variables: variables.value })
    assert.ok(compiled.ok, expression)
    return evaluate(compiled.value, activation, budget)
  })
  return { results, cost: POLICY_COST - budget.left }
}

test('a variable is evaluated once for all expressions of an activation', () => {
  const once = run(['variables.dear'], DEAR)
  assert.deepEqual(once.results, [{ ok: true, value: 1_000n }])
  assert.ok(once.cost >= 1_000, `${once.cost}`)
  const often = run(
    ['variables.dear + variables.dear', 'variables.dear > 1', '[1, 2, 3].all(x, variables.dear > x)'],
    DEAR,
  )
  assert.ok(often.cost < 2 * once.cost, `${often.cost} for several reads, ${once.cost} for one`)
})

test('a variable that is not read costs nothing, nor one behind a decided condition', () => {
  assert.equal(run(['1 + 1'], DEAR).cost, 0)
  assert.equal(run(['true || variables.dear > 1', 'has(variables.dear)'], DEAR).cost, 0)
})

test('a variable may use those before it, inside comprehensions as well', () => {
  const { results } = run(
    ['variables.sum', 'variables.few.all(x, x in variables.few)'],
    { name: 'few', expression: 'object.list.filter(x, x < 3)' },
    { name: 'sum', expression: 'variables.few.map(x, x + variables.few.size()).sum()' },
  )
  assert.deepEqual(results, [
    { ok: true, value: 12n },
    { ok: true, value: true },
  ])
})

test('a variable may hold what an expression may not return', () => {
  const { results } = run(
    [
      "variables.q.isLessThan(quantity('9'))",
      'variables.o.orValue(3)',
      "variables.t.getFullYear() == 2026 && variables.d > duration('1m')",
    ],
    { name: 'q', expression: "quantity('8')" },
    { name: 'o', expression: 'object.?nope' },
    { name: 't', expression: "timestamp('2026-01-31T00:00:00Z')" },
    { name: 'd', expression: "duration('1h')" },
  )
  assert.deepEqual(
    results.map(result => result.ok && result.value),
    [true, 3n, true],
  )
})

test('a failure is remembered, names the variable, and can be absorbed', () => {
  const { results } = run(['variables.bad', 'variables.bad || true', 'variables.bad'], {
    name: 'bad',
    expression: 'object.list.size() == 1000 && object.nope',
  })
  const failure = { ok: false, problem: 'variables.bad failed at 1:38: no such key: nope', exceeded: false }
  assert.deepEqual(results, [failure, { ok: true, value: true }, failure])
})

test('a limit passed inside a variable is not absorbed, now or when it is read again', () => {
  const bomb = { name: 'bomb', expression: 'object.list.all(x, object.list.all(y, object.list.all(z, true)))' }
  const { results, cost } = run(
    ['variables.bomb || true', 'true || variables.bomb', '[1].exists(x, variables.bomb || true)'],
    bomb,
  )
  assert.deepEqual(
    results.map(result => result.ok || result.exceeded),
    [true, true, true],
  )
  assert.deepEqual(
    results.map(result => result.ok),
    [false, true, false],
  )
  assert.ok(cost < 1_100_000, `evaluated once: ${cost}`)
})

test('two activations share nothing', () => {
  const variables = compileVariables([{ name: 'name', expression: 'object.name' }], 'variables')
  assert.ok(variables.ok)
  const compiled = compileExpression({
    expression: 'variables.name',
    resultType: 'string',
    place: 'e',
    variables: variables.value,
  })
  assert.ok(compiled.ok)
  for (const name of ['a', 'b']) {
    const activation = activate({ ...inputs, object: toCel({ name }) }, variables.value)
    assert.deepEqual(evaluate(compiled.value, activation, createBudget(POLICY_COST)), { ok: true, value: name })
  }
})
