/** The checker and the planner, which share nothing, over random snapshots. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIssue } from '../../schema/parsed.ts'
import { planOf } from '../plan-of.ts'
import { mutationsOf } from './mutations.testing.ts'
import { planIssues } from './plan-issues.ts'
import { snapshotFrom, someDraft } from './snapshots.testing.ts'

test('every plan of the planner is sound', () => {
  fc.assert(
    fc.property(someDraft, draft => {
      const snapshot = snapshotFrom(draft)
      assert.deepEqual(planIssues(snapshot, planOf(snapshot)).map(formatIssue), [])
    }),
    { numRuns: 300 },
  )
})

test('a plan of the planner with one change that matters is rejected', () => {
  const spoiled = new Set<string>()
  fc.assert(
    fc.property(someDraft, draft => {
      const snapshot = snapshotFrom(draft)
      for (const { name, plan } of mutationsOf(snapshot, planOf(snapshot))) {
        spoiled.add(name)
        assert.notDeepEqual(planIssues(snapshot, plan), [], name)
      }
    }),
  )
  assert.ok(spoiled.size > 10, `only ${[...spoiled].join(', ')} were seen`)
})
