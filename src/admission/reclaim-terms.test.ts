import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_TERMS } from '../rebalance/snapshot.ts'
import type { JsonObject } from '../schema/parts.ts'
import { cohortOf } from '../schema/testing.ts'
import { reclaimTerms, reclaimWarnings } from './reclaim-terms.ts'

const ROOT = cohortOf({ reclaim: { mode: 'On', noticeSeconds: 0, evictionsPerHour: 5 } }, 'root')

test('a cohort that says nothing, with nobody above it, has the defaults', () => {
  assert.deepEqual(
    [...reclaimTerms([cohortOf({}, 'a'), cohortOf({ reclaim: {} }, 'b')])],
    [
      ['a', DEFAULT_TERMS],
      ['b', DEFAULT_TERMS],
    ],
  )
})

test('every field becomes what it says, in the units of plans', () => {
  const reclaim = {
    mode: 'Off',
    noticeSeconds: 1,
    sharedNoticeSeconds: 2,
    minimumRunSeconds: 3,
    claimSeconds: 4,
    evictionsPerHour: 5,
    marginPercent: 6,
    idleBelowPercent: 7,
  }
  assert.deepEqual(reclaimTerms([cohortOf({ reclaim }, 'a')]).get('a'), {
    mode: 'Off',
    noticeMs: { burst: 1_000, shared: 2_000 },
    minimumRunMs: 3_000,
    claimMs: 4_000,
    evictionsPerHour: 5,
    marginPerMille: 60,
    idleBelow: 7,
  })
})

test('field by field, the nearest cohort that says something is heard, whatever the order of the documents', () => {
  const middle = cohortOf({ parent: 'root', reclaim: { noticeSeconds: 30, marginPercent: 0 } }, 'middle')
  const leaf = cohortOf({ parent: 'middle', reclaim: { mode: 'Off', evictionsPerHour: 0 } }, 'leaf')
  const silent = cohortOf({ parent: 'leaf' }, 'silent')
  for (const cohorts of [
    [ROOT, middle, leaf, silent],
    [silent, leaf, middle, ROOT],
  ]) {
    const terms = reclaimTerms(cohorts)
    const want = {
      ...DEFAULT_TERMS,
      mode: 'Off',
      noticeMs: { burst: 30_000, shared: 300_000 },
      evictionsPerHour: 0,
      marginPerMille: 0,
    }
    assert.deepEqual([terms.get('leaf'), terms.get('silent')], [want, want])
    assert.deepEqual([terms.get('middle')?.mode, terms.get('middle')?.evictionsPerHour], ['On', 5])
    assert.deepEqual(terms.get('root')?.noticeMs, { burst: 0, shared: 300_000 })
  }
})

test('what hardly anybody means is told where plans are carried out', () => {
  const cases: readonly { readonly name: string; readonly reclaim: JsonObject; readonly want: readonly string[] }[] = [
    { name: 'nothing', reclaim: { mode: 'On' }, want: [] },
    {
      name: 'no notice',
      reclaim: { mode: 'On', noticeSeconds: 0 },
      want: ['spec.reclaim.noticeSeconds: burst pods are evicted as soon as they are told'],
    },
    {
      name: 'more notice for burst',
      reclaim: { mode: 'On', noticeSeconds: 400 },
      want: ['spec.reclaim.sharedNoticeSeconds: shared pods have 300 s of notice, less than the 400 s of burst pods'],
    },
    {
      name: 'no claim',
      reclaim: { mode: 'On', claimSeconds: 0 },
      want: ['spec.reclaim.claimSeconds: what is freed is held for nobody: the first who asks has it'],
    },
    {
      name: 'a claim that may end before its victims',
      reclaim: { mode: 'On', claimSeconds: 300 },
      want: [
        'spec.reclaim.claimSeconds: what is freed is held for 300 s, and evicted pods may take ten minutes to end',
      ],
    },
    { name: 'no notice in plans that are only shown', reclaim: { mode: 'DryRun', noticeSeconds: 0 }, want: [] },
  ]
  for (const { name, reclaim, want } of cases) {
    const cohorts = [cohortOf({ reclaim }, 'c')]
    const found = reclaimWarnings(cohorts, reclaimTerms(cohorts))
    assert.deepEqual(
      found.map(({ at, problem }) => `${at}: ${problem}`),
      want.map(line => `Cohort c: ${line}`),
      name,
    )
    assert.deepEqual(
      found.map(({ documents }) => documents),
      want.map(() => [{ kind: 'Cohort', name: 'c' }]),
    )
  }
})

test('a warning is told of whoever says something, and once', () => {
  const cohorts = [
    cohortOf({ reclaim: { noticeSeconds: 0 } }, 'root'),
    cohortOf({ parent: 'root', reclaim: { mode: 'On' } }, 'switched-on'),
    cohortOf({ parent: 'switched-on' }, 'silent'),
  ]
  const told = reclaimWarnings(cohorts, reclaimTerms(cohorts)).map(({ at }) => at)
  assert.deepEqual(told, ['Cohort switched-on: spec.reclaim.noticeSeconds'])
})
