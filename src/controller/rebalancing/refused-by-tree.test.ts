import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amounts, manualClock } from '../../quota/testing.ts'
import type { RefusedDemand } from '../../rebalance/snapshot.ts'
import { refusedByTree } from './refused-by-tree.ts'

const demandOf = (tenant: string): RefusedDemand => ({
  tenant,
  tier: 'burst',
  demand: amounts({ h100: 1_000 }),
  gang: undefined,
  owner: `owner of ${tenant}`,
  name: `Job ${tenant}/job`,
  sinceMs: 0,
  lastMs: 0,
})

test('however many trees are looked at, all refusals are asked for once, and again a second later', () => {
  const clock = manualClock()
  let asked = 0
  let demands = ['a', 'b', 'a-too', 'nobody'].map(demandOf)
  const trees = new Map([
    ['a', 'first'],
    ['a-too', 'first'],
    ['b', 'second'],
  ])
  const refused = refusedByTree({
    refused() {
      asked += 1
      return demands
    },
    treeOf: tenant => trees.get(tenant),
    clock,
  })
  const tenantsIn = (tree: string) => refused(tree).map(({ tenant }) => tenant)
  assert.deepEqual(['first', 'second', 'third'].map(tenantsIn), [['a', 'a-too'], ['b'], []])
  demands = []
  clock.advance(999)
  assert.deepEqual(tenantsIn('second'), ['b'])
  assert.equal(asked, 1)
  clock.advance(1)
  assert.deepEqual(['first', 'second'].map(tenantsIn), [[], []])
  assert.equal(asked, 2)
})
