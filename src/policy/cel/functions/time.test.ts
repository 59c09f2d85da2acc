import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tryExpression } from '../try-expression.ts'
import type { CelValue } from '../value.ts'

function check(cases: readonly (readonly [expression: string, want: CelValue])[]): void {
  for (const [expression, want] of cases) assert.deepEqual(tryExpression(expression), { value: want }, expression)
}

test('durations are read in Go notation and computed to the nanosecond', () => {
  check([
    ["string(duration('1h30m'))", '5400s'],
    ["string(duration('-1.5h') + duration('1ns'))", '-5399.999999999s'],
    ["string(duration('1.5s') - duration('2s'))", '-0.5s'],
    ["duration('1500ms') == duration('1.5s') && duration('1us') == duration('1\u00b5s')", true],
    ["duration('0') == duration('0s') && duration('.5s') == duration('500ms')", true],
    ["duration('90m') > duration('1h') && duration('1ns') < duration('2ns')", true],
    ["duration('90m').getHours() + duration('90m').getMinutes()", 91n],
    ["duration(duration('1s')).getSeconds()", 1n],
  ])
})

test('a duration must be one, and fit 64 bits of nanoseconds', () => {
  for (const text of ['', '1', 's', '1x', '1h 30m', '--1s', '1.s.', `${'1'.repeat(70)}s`]) {
    assert.deepEqual(
      tryExpression(`string(duration('${text}'))`),
      { refused: 'here 1:8: not a duration such as 1h30m' },
      text,
    )
  }
  assert.deepEqual(tryExpression("string(duration('300000h') * 2)").refused?.includes('no such overload'), true)
  assert.deepEqual(tryExpression("string(duration('2000000h') + duration('2000000h'))"), {
    fails: 'duration out of range',
  })
  assert.deepEqual(tryExpression("string(duration('3000000h'))"), { refused: 'here 1:8: duration out of range' })
})

test('timestamps are RFC 3339', () => {
  check([
    ["string(timestamp('2026-01-31T08:00:00+02:00'))", '2026-01-31T06:00:00Z'],
    ["timestamp('2026-01-31T08:00:00Z') - timestamp('2026-01-30T08:00:00Z') == duration('24h')", true],
    ["timestamp('2026-01-31T08:00:00Z') + duration('24h') == timestamp('2026-02-01T08:00:00Z')", true],
    ["timestamp(0) < timestamp(1) && timestamp(timestamp(0)) == timestamp('1970-01-01T00:00:00Z')", true],
  ])
  for (const text of [
    '2026-02-30T00:00:00Z',
    '2026-01-31',
    'Jan 31 2026 08:00:00 GMT',
    '2026-01-31T25:00:00Z',
    '0000-01-01T00:00:00Z',
    '2026-01-31T08:00:00',
  ]) {
    assert.match(tryExpression(`string(timestamp('${text}'))`).refused ?? '', /timestamp (such as|out of range)/, text)
  }
  assert.deepEqual(tryExpression("string(timestamp('9999-12-31T23:59:59Z') + duration('1s'))"), {
    fails: '1:8: timestamp out of range',
  })
})

test('the parts of a date are those of the zone, whatever the zone of the process', () => {
  const at = "timestamp('2026-07-31T23:30:15.250Z')"
  check([
    [`${at}.getFullYear() * 10000 + ${at}.getMonth() * 100 + ${at}.getDate()`, 20260631n],
    [`${at}.getDayOfMonth() == 30 && ${at}.getDayOfWeek() == 5 && ${at}.getDayOfYear() == 211`, true],
    [
      `${at}.getHours() == 23 && ${at}.getMinutes() == 30 && ${at}.getSeconds() == 15 && ${at}.getMilliseconds() == 250`,
      true,
    ],
    [`${at}.getHours('Europe/Berlin')`, 1n],
    [`${at}.getDate('Europe/Berlin') == 1 && ${at}.getMonth('Europe/Berlin') == 7`, true],
    [`${at}.getHours('-09:30') * 100 + ${at}.getMinutes('-09:30')`, 1400n],
    [`${at}.getHours('02:00') + ${at}.getHours('UTC') + ${at}.getDayOfYear('+02:00')`, 236n],
    [
      "timestamp('2026-01-01T00:00:00Z').getDayOfYear() + timestamp('2026-01-01T00:00:00Z').getDayOfYear('-01:00')",
      364n,
    ],
  ])
})
