import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tryExpression } from '../try-expression.ts'

test('every verb prints as Go does', () => {
  const cases: readonly (readonly [template: string, values: string, want: string])[] = [
    ['%s needs %d', "'a', 8", 'a needs 8'],
    ['100%% %s', "'x'", '100% x'],
    ['%s', 'null', 'null'],
    ['%s', '[1, 2]', '[1, 2]'],
    ['%s', "{'b': 1, 'a': 2}.map(k, k)", '[b, a]'],
    ['%s', "{'b': 2, 'a': 1}", '{a: 1, b: 2}'],
    ['%s', '1.5', '1.5'],
    ['%s', '1e-7', '0.0000001'],
    ['%s', '1e21', '1000000000000000000000'],
    ['%s', "duration('90s')", '90s'],
    ['%s', "timestamp('2026-01-31T08:00:00Z')", '2026-01-31T08:00:00Z'],
    ['%s', 'type(1)', 'int'],
    ['%d', '3u', '3'],
    ['%f', '2.5', '2.500000'],
    ['%.0f', '2.5', '2'],
    ['%.0f', '3.5', '4'],
    ['%.1f', '0.25', '0.2'],
    ['%.2f', '-1.005', '-1.00'],
    ['%.3f', '1', '1.000'],
    ['%.1f', '1e21', '1000000000000000000000.0'],
    ['%e', '1052.0', '1.052000e+03'],
    ['%.1e', '1e-10', '1.0e-10'],
    ['%f', '1.0 / 0.0', 'Infinity'],
    ['%b', '5', '101'],
    ['%b', 'true', '1'],
    ['%o', '8', '10'],
    ['%x', '255', 'ff'],
    ['%X', '-255', '-FF'],
    ['%x', "'hi'", '6869'],
  ]
  for (const [template, values, want] of cases) {
    assert.deepEqual(tryExpression(`'${template}'.format([${values}])`), { value: want }, `${template} of ${values}`)
  }
})

test('a clause that does not fit its value is an error', () => {
  const cases: readonly (readonly [template: string, values: string, want: string])[] = [
    ['%d', "'x'", '%d does not take this kind of value'],
    ['%d', 'null', '%d does not take this kind of value'],
    ['%q', "'x'", '%q does not take this kind of value'],
    ['%s %s', "'x'", '%s has no argument'],
    ['50% of', '', 'a lone %; write %%'],
    ['%.99f', '1.0', 'at most 50 decimals'],
    ['%s', "[quantity('1')]", '%s does not take this kind of value'],
  ]
  for (const [template, values, want] of cases) {
    assert.deepEqual(tryExpression(`'${template}'.format([${values}])`), { fails: `1:1: format(): ${want}` }, template)
  }
})
