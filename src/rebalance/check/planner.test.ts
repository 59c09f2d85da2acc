/** The checker and the planner, who share nothing, over random snapshots. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIssue } from '../../schema/parsed.ts'
import { planOf } from '../plan-of.ts'
import { planIssues } from './plan-issues.ts'
import { someSnapshot } from './snapshots.testing.ts'

test('every plan of the planner is sound', () => {
  fc.assert(
    fc.property(someSnapshot, snapshot => {
      assert.deepEqual(planIssues(snapshot, planOf(snapshot)).map(formatIssue), [])
    }),
    { numRuns: 300 },
  )
})
