import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ceiling, compareRationals, type Rational, rational } from './rational.ts'

test('a fraction has a positive denominator, and none has zero', () => {
  assert.deepEqual(rational(1n, -2n), { numerator: -1n, denominator: 2n })
  assert.deepEqual(rational(-1n, -2n), { numerator: 1n, denominator: 2n })
  assert.throws(() => rational(1n, 0n), RangeError)
})

test('fractions compare by value, whatever their terms', () => {
  const cases = [
    { name: 'equal in other terms', a: rational(1n, 3n), b: rational(2n, 6n), want: 0 },
    {
      name: 'what a float64 cannot tell apart',
      a: rational(1n, 3n),
      b: rational(10n ** 20n, 3n * 10n ** 20n + 1n),
      want: 1,
    },
    { name: 'negative', a: rational(-1n, 2n), b: rational(-1n, 3n), want: -1 },
    { name: 'zeros', a: rational(0n, 5n), b: rational(0n, -7n), want: 0 },
  ]
  for (const { name, a, b, want } of cases) {
    assert.equal(compareRationals(a, b), want, name)
    assert.equal(compareRationals(b, a), want === 0 ? 0 : -want, name)
  }
})

test('comparing fractions is a total order', () => {
  fc.assert(
    fc.property(someRational, someRational, someRational, (a, b, c) => {
      assert.equal(compareRationals(a, b) + compareRationals(b, a), 0)
      if (compareRationals(a, b) <= 0 && compareRationals(b, c) <= 0) assert.ok(compareRationals(a, c) <= 0)
    }),
  )
})

test('the ceiling is the least integer that is not below', () => {
  fc.assert(
    fc.property(someRational, fraction => {
      const above = ceiling(fraction)
      assert.ok(compareRationals(rational(above, 1n), fraction) >= 0)
      assert.ok(compareRationals(rational(above - 1n, 1n), fraction) < 0)
    }),
  )
})

const someRational: fc.Arbitrary<Rational> = fc
  .tuple(fc.bigInt({ min: -50n, max: 50n }), fc.bigInt({ min: 1n, max: 12n }))
  .map(([dividend, divisor]) => rational(dividend, divisor))
