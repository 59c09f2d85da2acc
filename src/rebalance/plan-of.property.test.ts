/** Plans for random snapshots, held against the checker, which shares no code with the planner. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { planIssues } from './check/plan-issues.ts'
import { planOf } from './plan-of.ts'
import { snapshotOf } from './plans.testing.ts'
import { someScene } from './scenarios.testing.ts'

test('the checker accepts every plan', () => {
  let steps = 0
  fc.assert(
    fc.property(someScene, scene => {
      const snapshot = snapshotOf(scene)
      const plan = planOf(snapshot)
      steps += plan.steps.length
      assert.deepEqual(planIssues(snapshot, plan), [])
    }),
    { numRuns: Number(process.env.RUNS ?? 500) },
  )
  assert.ok(steps > 0, 'the random snapshots have plans')
})
