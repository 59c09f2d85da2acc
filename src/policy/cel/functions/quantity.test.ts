import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tryExpression } from '../try-expression.ts'
import type { CelValue } from '../value.ts'

const object = { limits: { 'nvidia.com/gpu': '8', cpu: '1500m', memory: '128Gi', bad: '8 GPUs', number: 8 } }

test('quantities are read, compared and added exactly', () => {
  const cases: readonly (readonly [expression: string, want: CelValue])[] = [
    ["quantity(object.limits['nvidia.com/gpu']).compareTo(quantity('8000m'))", 0n],
    [
      "quantity(object.limits.cpu).isLessThan(quantity('2')) && quantity('2').isGreaterThan(quantity(object.limits.cpu))",
      true,
    ],
    ["quantity('50M').compareTo(quantity('50Mi'))", -1n],
    ["quantity('200M') == quantity('0.2G') && quantity('1') != quantity('1001m')", true],
    ["quantity(object.limits.cpu).add(quantity('500m')).asInteger()", 2n],
    ["quantity('50k').add(20).sub(quantity('100k')).sub(-50000).asInteger()", 20n],
    ["quantity('1500m').isInteger() || quantity('9999999999999999999G').isInteger()", false],
    ['quantity(object.limits.memory).asInteger()', 128n * 2n ** 30n],
    ["quantity('1500m').asApproximateFloat()", 1.5],
    ["sign(quantity('-1')) + quantity('0').sign() + sign(quantity('1m'))", 0n],
    ["isQuantity('8') && isQuantity('1.5Gi') && !isQuantity(object.limits.bad) && !isQuantity('10Mo')", true],
    ['quantity(string(object.limits.number)).asInteger()', 8n],
    ["object.limits.all(k, k in ['bad', 'number'] || isQuantity(object.limits[k]))", true],
    ["type(quantity('1')) == type(quantity('2'))", true],
  ]
  for (const [expression, want] of cases)
    assert.deepEqual(tryExpression(expression, { object }), { value: want }, expression)
})

test('what is no quantity is an error: at load where it stands in the expression', () => {
  const notAQuantity = '1:1: not a quantity such as 8, 500m or 128Gi'
  assert.deepEqual(tryExpression('quantity(object.limits.bad).asInteger()', { object }), { fails: notAQuantity })
  assert.deepEqual(tryExpression("quantity('10Mo').asInteger()"), { refused: `here ${notAQuantity}` })
  assert.deepEqual(tryExpression('quantity(object.limits.number).asInteger()', { object }), {
    fails: '1:1: no such overload: quantity(int)',
  })
  assert.deepEqual(tryExpression("quantity('1500m').asInteger()"), {
    fails: '1:1: the quantity is not a 64-bit integer',
  })
  assert.match(tryExpression("quantity('1') == 1").refused ?? '', /no such overload: kubernetes.Quantity == int/)
  assert.match(tryExpression("quantity('1') < quantity('2')").refused ?? '', /no such overload/)
})
