import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tryExpression } from '../try-expression.ts'
import type { CelValue } from '../value.ts'

test('conversions keep the value, or fail', () => {
  const cases: readonly (readonly [expression: string, want: CelValue])[] = [
    ["int('-42') + int('+7') + int(3u) + int(2.9)", -30n],
    ["int(timestamp('1970-01-01T00:01:00Z'))", 60n],
    ["uint('18446744073709551615') == 18446744073709551615u", true],
    ["double('1.5e3') + double('.5') + double(1) + double(2u)", 1503.5],
    ["double('Infinity') > 1.0 && double('-inf') < 1.0", true],
    ["bool('T') && !bool('False') && bool(true)", true],
    [
      "string(1.0) + ' ' + string(0.1) + ' ' + string(1e6) + ' ' + string(123456.5) + ' ' + string(1e-5)",
      '1 0.1 1e+06 123456.5 1e-05',
    ],
    ['string(-0.0) + string(1.0 / 0.0) + string(-1.0 / 0.0)', '-0+Inf-Inf'],
    ["string(true) + string(7) + string(7u) + string(b'gpu')", 'true77gpu'],
    ["string(timestamp('2026-01-31T08:00:00.120Z'))", '2026-01-31T08:00:00.12Z'],
    ["string(duration('-1.5s')) + string(duration('1h'))", '-1.5s3600s'],
    ["string(bytes('ü')) == 'ü' && bytes('ü').size() == 2 && b'a' < b'b' && b'b' >= b'b'", true],
  ]
  for (const [expression, want] of cases) assert.deepEqual(tryExpression(expression), { value: want }, expression)
})

test('what has no counterpart in the other type is an error', () => {
  const cases: readonly (readonly [expression: string, type: string])[] = [
    ["int('1.5')", 'int'],
    ["int('0x10')", 'int'],
    ["int('9223372036854775808')", 'int'],
    ["int(' 1')", 'int'],
    ['int(0.0 / 0.0)', 'int'],
    ['int(9223372036854775807.0)', 'int'],
    ['int(9223372036854775808u)', 'int'],
    ['uint(-1) == 1u', 'uint'],
    ["uint('18446744073709551616') == 1u", 'uint'],
    ['uint(1e20) == 1u', 'uint'],
    ["double('1e999')", 'double'],
    ["double('0x10')", 'double'],
    ["double('')", 'double'],
    ["bool('yes')", 'bool'],
  ]
  for (const [expression, type] of cases) {
    assert.deepEqual(tryExpression(expression), { fails: `1:1: cannot convert this value to ${type}` }, expression)
  }
  assert.deepEqual(tryExpression("string(b'\\xff')"), { fails: '1:1: the bytes are not UTF-8' })
})
