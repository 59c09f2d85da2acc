import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyTimer } from './policy-timer.ts'

test('each policy has its own time, and none has more than the review', () => {
  let nowMs = 0
  const startTimer = policyTimer({ now: () => nowMs }, 60_000)
  const first = startTimer()
  assert.equal(first(), false)
  nowMs = 30_000
  assert.equal(first(), true)

  const second = startTimer()
  assert.equal(second(), false)
  nowMs = 60_000
  const last = startTimer()
  assert.equal(last(), false)
  nowMs = 60_001
  assert.equal(last(), true)
})
