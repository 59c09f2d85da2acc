import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdingOf } from '../../quota/holding.ts'
import { amounts, cohort, compiled, manualClock, present, tenant, treeNamed } from '../../quota/testing.ts'
import type { Tier } from '../../schema/parts.ts'
import type { HostedPod } from './pods.ts'
import { treePods } from './tree-pods.ts'

// Eight in all: four are owned by `owner`, two are the pool, and `guest` may borrow what is idle.
const QUOTAS = compiled(
  [cohort('c', { gpu: { capacity: 8, shared: 2, burst: 2 } })],
  [
    tenant('owner', 'c', { gpu: { reserved: 4, sharedMax: 2 } }),
    tenant('guest', 'c', { gpu: { reserved: 0, burstLimit: 8 } }),
  ],
)

function pod(uid: string, of: string, tier: Tier, gpus: number): HostedPod {
  const charged = { uid, tenant: of, tier, amounts: amounts({ gpu: gpus }), gang: null }
  const standing = { name: uid, priority: 0, startedAtMs: null, savedAtMs: null, notice: null, isTierNamed: false }
  return { uid, namespace: of, charged, createdAtMs: 0, standing }
}

function hosted(...pods: readonly HostedPod[]) {
  const clock = manualClock()
  const tree = treePods(treeNamed(QUOTAS, 'c'), clock.now)
  for (const one of pods) tree.enter(one)
  const running = () =>
    tree
      .all()
      .filter(({ standing: { startedAtMs } }) => startedAtMs !== null)
      .map(({ uid }) => uid)
  return { clock, tree, running }
}

const LENT = [pod('lent-1', 'guest', 'burst', 4), pod('lent-2', 'guest', 'burst', 4)]

test('what is owed to a pod that was admitted into lent capacity is awaited', () => {
  const { clock, tree, running } = hosted(...LENT, pod('own', 'owner', 'reserved', 4))
  assert.deepEqual(running(), ['lent-1', 'lent-2'])

  clock.advance(60_000)
  tree.leave('lent-1')
  assert.deepEqual(running(), ['lent-2', 'own'])
  assert.equal(present(tree.find('own'), 'pod').standing.startedAtMs, 60_000)
})

test('reserved starts before shared, and within a tier whoever came first', () => {
  const waiting = [
    pod('shared', 'owner', 'shared', 2),
    pod('first', 'owner', 'reserved', 2),
    pod('second', 'owner', 'reserved', 2),
  ]
  const { tree, running } = hosted(...LENT, ...waiting)
  tree.leave('lent-1')
  assert.deepEqual(running(), ['lent-2', 'first', 'second'])
  tree.leave('first')
  assert.deepEqual(running(), ['lent-2', 'shared', 'second'])
})

test('a pod that does not fit keeps nobody behind it from starting', () => {
  const { tree, running } = hosted(
    ...[pod('a', 'guest', 'burst', 6), pod('b', 'guest', 'burst', 2)],
    ...[pod('large', 'owner', 'reserved', 4), pod('small', 'owner', 'shared', 2)],
  )
  tree.leave('b')
  assert.deepEqual(running(), ['a', 'small'])
})

test('a pod that runs goes on running in another tier, and holds what it holds there', () => {
  const { tree, running } = hosted(pod('own', 'owner', 'shared', 2))
  tree.retier('own', 'reserved')
  tree.enter(pod('next', 'owner', 'shared', 2))
  assert.deepEqual(running(), ['own', 'next'])
  const { reserved, shared } = holdingOf(tree.view(0).held, 'owner')
  assert.deepEqual([reserved, shared], [amounts({ gpu: 2 }), amounts({ gpu: 2 })])
})
