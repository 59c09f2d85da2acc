import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { deadlineOf, timeoutOf } from './deadline.ts'

const timeouts = [
  { name: 'seconds, as the API server sends', query: '?timeout=10s', want: 10_000 },
  { name: 'minutes and seconds are capped at what a webhook may wait', query: '?timeout=1m0s', want: 30_000 },
  { name: 'milliseconds', query: '?timeout=500ms', want: 500 },
  { name: 'a fraction', query: '?timeout=1.5s', want: 1_500 },
  { name: 'two units', query: '?timeout=1s250ms', want: 1_250 },
  { name: 'microseconds, with the Greek letter', query: `?timeout=${encodeURIComponent('20000µs')}`, want: 20 },
  { name: 'less than a millisecond is one', query: '?timeout=1ns', want: 1 },
  { name: 'after another parameter', query: '?a=b&timeout=2s', want: 2_000 },
  { name: 'a number too large for a float', query: `?timeout=${'9'.repeat(30)}h`, want: 30_000 },
  { name: 'nothing said', query: '', want: 10_000 },
  { name: 'an empty query', query: '?', want: 10_000 },
  { name: 'zero', query: '?timeout=0s', want: 10_000 },
  { name: 'negative', query: '?timeout=-5s', want: 10_000 },
  { name: 'no unit', query: '?timeout=10', want: 10_000 },
  { name: 'unknown unit', query: '?timeout=10d', want: 10_000 },
  { name: 'an exponent', query: '?timeout=1e3s', want: 10_000 },
  { name: 'longer than any duration', query: `?timeout=${'1s'.repeat(1_000)}`, want: 10_000 },
  { name: 'broken percent encoding', query: '?timeout=%E0%A4%A', want: 10_000 },
]
for (const { name, query, want } of timeouts) {
  test(`the timeout is read from the query: ${name}`, () => {
    assert.equal(timeoutOf(`/validate/pods${query}`), want)
  })
}

test('the endpoint must answer before the transport gives up, and that before the caller does', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: 0, max: 2 ** 40 }), (timeoutMs, nowMs) => {
      const deadline = deadlineOf(`/validate/pods?timeout=${timeoutMs}ms`, nowMs)
      assert.equal(deadline.timeoutMs, timeoutMs)
      assert.ok(nowMs < deadline.answerByMs)
      assert.ok(deadline.answerByMs - nowMs < deadline.cutAfterMs)
      assert.ok(deadline.cutAfterMs < timeoutMs)
    }),
  )
})
