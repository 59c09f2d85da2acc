import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyFailures } from './policy-failures.ts'

const HOUR_MS = 60 * 60_000

test('each failure of a policy is counted, and told once an hour', () => {
  const counted: string[] = []
  const told: string[] = []
  const clock = { nowMs: 1, now: () => clock.nowMs }
  const { policyFailed } = policyFailures({
    metrics: { policyFailed: policy => void counted.push(policy) },
    log: { problem: text => void told.push(text) },
    clock,
  })
  const failure = { policy: 'a', problem: 'no such key: b' }
  for (let pods = 0; pods < 100; pods += 1) policyFailed(failure)
  assert.equal(counted.length, 100)
  assert.deepEqual(told, ['policy a failed: no such key: b'])

  policyFailed({ policy: 'a', problem: 'no such key: c' })
  policyFailed({ policy: 'other', problem: 'no such key: b' })
  assert.equal(told.length, 3, 'another problem, and that of another policy, are told')

  clock.nowMs += HOUR_MS
  policyFailed(failure)
  policyFailed(failure)
  assert.equal(told.length, 4)
})
