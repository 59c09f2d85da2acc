import assert from 'node:assert/strict'
import { test } from 'node:test'
import { graceOfEviction, isLeaving } from './grace.ts'

test('a pod that is being deleted leaves where it has to be gone within ten minutes, as two clocks have them', () => {
  const nowMs = 1_000_000_000
  const cases = [
    [null, false],
    [nowMs - 3_600_000, true],
    [nowMs + 600_000, true],
    [nowMs + 630_000, true],
    [nowMs + 630_001, false],
    [nowMs + 31_536_000_000, false],
  ] as const
  for (const [goneByMs, want] of cases) assert.equal(isLeaving(goneByMs, nowMs), want, `${goneByMs}`)
})

test('an eviction gives a pod its own grace and at most ten minutes, so that who was evicted is leaving', () => {
  assert.deepEqual([0, 30, 600, 601, 31_536_000].map(graceOfEviction), [0, 30, 600, 600, 600])
  assert.ok(isLeaving(graceOfEviction(31_536_000) * 1_000, 0))
})
