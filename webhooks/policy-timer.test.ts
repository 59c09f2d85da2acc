import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyTimer } from './policy-timer.ts'

test('each policy has its own time, and none has more than the review', () => {
  let nowMs = 1_000
  const startTimer = policyTimer({ now: () => nowMs }, 1_250)
  const first = startTimer()
  assert.equal(first(), false)
  nowMs = 1_101
  assert.equal(first(), true)

  const second = startTimer()
  nowMs = 1_200
  assert.equal(second(), false)
  const last = startTimer()
  nowMs = 1_251
  assert.equal(last(), true)
})
