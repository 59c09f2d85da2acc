import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from './metrics.ts'

function metrics() {
  const all = createMetrics({ codes: [], processDefaults: false })
  const rebalance = all.rebalancing()
  const lines = async () => (await all.exposition()).split('\n').filter(line => line.startsWith('sluice_rebalance'))
  return { rebalance, lines }
}

test('what a tree had and has not now is zero, and other trees keep theirs', async () => {
  const { rebalance, lines } = metrics()
  const open = (kind: string) => ({
    byKind: new Map([[kind, 2]]),
    unmet: new Map([['nobody', 1]]),
    oldestMs: new Map([[kind, 1_500]]),
  })
  rebalance.needs('x', open('entitled'))
  rebalance.needs('y', open('entitled'))
  rebalance.needs('x', open('claim'))
  const told = await lines()
  for (const line of [
    'sluice_rebalance_open_needs{tree="x",kind="entitled"} 0',
    'sluice_rebalance_open_needs{tree="x",kind="claim"} 2',
    'sluice_rebalance_open_needs{tree="y",kind="entitled"} 2',
    'sluice_rebalance_unmet_needs{tree="x",because="nobody"} 1',
    'sluice_rebalance_oldest_need_seconds{tree="y",kind="entitled"} 1.5',
  ]) {
    assert.ok(told.includes(line), line)
  }
})

test('the first plan of a tree makes the number of rejected ones known', async () => {
  const { rebalance, lines } = metrics()
  rebalance.planned('x', 'carried-out')
  assert.ok((await lines()).includes('sluice_rebalance_plans_total{tree="x",result="rejected"} 0'))
})

test('a tree for which no plans are made any more has no needs to tell of, and others keep theirs', async () => {
  const { rebalance, lines } = metrics()
  const open = { byKind: new Map([['excess', 1]]), unmet: new Map([['nobody', 1]]), oldestMs: new Map([['excess', 9]]) }
  for (const tree of ['x', 'y']) {
    rebalance.needs(tree, open)
    rebalance.claims(tree, 3)
  }
  rebalance.over('x')
  const left = (await lines()).filter(line => line.includes('tree='))
  assert.equal(left.length, 4)
  assert.ok(left.every(line => line.includes('tree="y"')))
})

test('who would have to go is counted beside who went', async () => {
  const { rebalance, lines } = metrics()
  rebalance.wouldEvict('x', 'burst', 'owner-came-back', 2)
  assert.deepEqual(
    (await lines()).filter(line => line.includes('evictions')),
    ['sluice_rebalance_shown_evictions_total{tree="x",tier="burst",rule="owner-came-back"} 2'],
  )
})

test('who does not lead any more has no needs to tell of, and has done what it has done', async () => {
  const { rebalance, lines } = metrics()
  rebalance.needs('x', { byKind: new Map([['claim', 1]]), unmet: new Map(), oldestMs: new Map() })
  rebalance.claims('x', 3)
  rebalance.evicted('burst', 'owner-came-back', 2)
  rebalance.lost()
  assert.deepEqual(
    (await lines()).filter(line => !line.includes('_bucket')),
    ['sluice_rebalance_evictions_total{tier="burst",rule="owner-came-back"} 2'],
  )
})
