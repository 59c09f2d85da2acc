import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assembleCluster } from '../admission/cluster.ts'
import { quotaAt } from '../quota/tree.ts'
import { builtCluster } from './built-cluster.ts'
import { fixedParts } from './fixed-parts.ts'
import { podOf } from './testing.ts'

const NODES = Array.from({ length: 10 }, (_, index) => ({ name: `n${index}`, model: 'G2', gpus: 8 }))
const PODS = [
  podOf('a', { tier: 'reserved' }),
  podOf('b', { tier: 'reserved' }),
  podOf('c', { tier: 'burst' }),
  podOf('d', { tier: 'shared' }),
]

function assembled(...more: readonly ReturnType<typeof builtCluster>[]) {
  const layers = [builtCluster(NODES, [...PODS, podOf('last', { createdAtMs: 1_000_000 })]), ...more]
  const cluster = assembleCluster(...layers)
  assert.ok(cluster.ok, JSON.stringify(cluster))
  return { cluster: cluster.value, layers }
}

test('what is built for a trace holds all that the nodes have, divided by what the pods ask for', () => {
  const { quotas } = assembled().cluster
  const tree = quotas.trees.get('cluster')
  assert.ok(tree !== undefined)
  assert.equal(quotaAt(tree.tree.root, 'g2').subtree, 80_000n)
  const tenants = [...tree.tenants.values()]
  const reserved = tenants.reduce((sum, { spec }) => sum + (spec.classes.get('g2')?.reserved ?? 0n), 0n)
  assert.equal(tenants.length, 4)
  // Of 40 GPUs a cohort shares a fourth, as one of four pods asks; two are its burst pool, and two tenants have 14 each.
  assert.equal(reserved, 56_000n)
})

test('without borrowing, the bursts of all tenants together fit in the burst pools', () => {
  const { cluster, layers } = assembled()
  const fixed = assembled(fixedParts(cluster, layers)).cluster.quotas.trees.get('cluster')
  assert.ok(fixed !== undefined)
  for (const { spec, cohort } of fixed.tenants.values()) {
    const limit = spec.classes.get('g2')?.burstLimit
    assert.equal(limit, quotaAt(cohort, 'g2').nominal / 2n, spec.name)
  }
})
