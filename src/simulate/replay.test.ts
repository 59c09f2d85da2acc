import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assembleCluster } from '../admission/cluster.ts'
import type { Amount } from '../quantity/amount.ts'
import { planIssues } from '../rebalance/check/plan-issues.ts'
import { planOf } from '../rebalance/plan-of.ts'
import type { Snapshot } from '../rebalance/snapshot.ts'
import { builtCluster } from './built-cluster.ts'
import { classesOf } from './model-class.ts'
import { replay } from './replay.ts'
import { owned } from './tenancy.ts'
import { podOf } from './testing.ts'
import { inOrder, type TraceNode, type TracePod } from './trace/trace.ts'
import type { Rebalancer, Scene } from './world.ts'

const NODES: readonly TraceNode[] = [
  ...Array.from({ length: 6 }, (_, index) => ({ name: `big-${index}`, model: 'G2', gpus: 8 })),
  ...Array.from({ length: 4 }, (_, index) => ({ name: `small-${index}`, model: 'T4', gpus: 2 })),
]

/** Has looked at every snapshot before it plans. */
const WATCHED: Rebalancer = {
  planOf(snapshot) {
    assertWithinNodes(snapshot)
    return planOf(snapshot)
  },
  planIssues,
}

function assertWithinNodes({ pods, nodes }: Snapshot): void {
  const shapes = new Map((nodes ?? []).map(({ name, amounts }) => [name, amounts]))
  const used = new Map<string, bigint>()
  for (const { node, amounts } of pods) {
    for (const [key, amount] of node === null ? [] : amounts) {
      const sum = (used.get(`${node} ${key}`) ?? 0n) + amount
      used.set(`${node} ${key}`, sum)
      const has: Amount | undefined = shapes.get(node ?? '')?.get(key)
      assert.ok(has !== undefined && sum <= has, `${node} holds ${sum} of ${key}`)
    }
  }
}

function sceneOf(pods: readonly TracePod[], rebalancer: Rebalancer | null): Scene {
  const ordered = inOrder(pods)
  const cluster = assembleCluster(builtCluster(NODES, ordered))
  assert.ok(cluster.ok, JSON.stringify(cluster))
  const { quotas, classes, reclaimTerms: terms } = cluster.value
  const classOf = classesOf(NODES, classes)
  const ownedPods = owned(ordered, quotas, '')
  assert.ok(classOf.ok && ownedPods.ok)
  return { quotas, terms, pods: ownedPods.value, nodes: NODES, classOf: classOf.value, rebalancer }
}

const sizes = fc.oneof(
  fc.constantFrom(1, 1, 1, 2, 4, 8).map(gpus => ({ gpus, milliOfEach: 1000 })),
  fc.constantFrom(230, 500, 810).map(milliOfEach => ({ gpus: 1, milliOfEach })),
)

const traces = fc
  .array(
    fc.record({
      tier: fc.constantFrom('reserved' as const, 'shared' as const, 'burst' as const, 'burst' as const),
      size: sizes,
      models: fc.constantFrom<readonly string[]>([], [], ['G2'], ['T4']),
      createdAtMs: fc.nat(7_200).map(seconds => seconds * 1000),
      runMs: fc.nat(7_200).map(seconds => seconds * 1000),
    }),
    { minLength: 1, maxLength: 90 },
  )
  .map(all => all.map((more, index) => podOf(`pod-${index}`, more)))

test('no pod is lost, no node is over, and all GPU time is work that was done or lost', () => {
  fc.assert(
    fc.property(traces, fc.constantFrom(null, WATCHED), (pods, rebalancer) => {
      const scene = sceneOf(pods, rebalancer)
      const { figures } = replay(scene)
      const { asked, admitted, barred, done, waiting } = figures.pods
      const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((all, one) => all + one, 0)
      assert.equal(sum(asked), pods.length)
      assert.equal(done + waiting + sum(barred), pods.length)
      assert.ok(done <= sum(admitted))
      assert.ok(figures.utilisation <= 1)
      // Who was admitted has run in full in the end: nothing is left waiting once everybody else is gone.
      assert.equal(waiting, 0)
      assert.ok(Math.abs(figures.usedGpuHours - figures.doneGpuHours - figures.lostGpuHours) < 1e-6)
    }),
    { numRuns: 60 },
  )
})

test('the same scene gives the same figures', () => {
  fc.assert(
    fc.property(traces, pods => {
      const scene = sceneOf(pods, WATCHED)
      assert.deepEqual(replay(scene), replay(scene))
    }),
    { numRuns: 10 },
  )
})

/** Best effort fills every GPU; then those come to whom most of it is promised. */
function nightAndMorning(): readonly TracePod[] {
  const night = Array.from({ length: 48 }, (_, index) => {
    return podOf(`sweep-${index}`, { tier: 'burst', models: ['G2'], runMs: 36_000_000 })
  })
  const morning = Array.from({ length: 24 }, (_, index) => {
    return podOf(`serve-${index}`, { models: ['G2'], createdAtMs: 1_800_000 + index * 60_000, runMs: 36_000_000 })
  })
  return [...night, ...morning]
}

test('what was lent comes back within its notice when it is reclaimed, and when its borrowers end when it is not', () => {
  const reclaimed = replay(sceneOf(nightAndMorning(), WATCHED))
  const kept = replay(sceneOf(nightAndMorning(), null))
  assert.deepEqual(reclaimed.rejections, [])
  assert.ok(kept.figures.owedWait.waited > 0)
  assert.ok(kept.figures.owedWait.maxMs > 3_600_000, `${kept.figures.owedWait.maxMs}`)
  // A minute of notice, half a minute of grace, and the leader's turns.
  assert.ok(reclaimed.figures.owedWait.maxMs <= 180_000, `${reclaimed.figures.owedWait.maxMs}`)
  assert.ok(reclaimed.figures.evicted.burst > 0 && reclaimed.figures.lostGpuHours > 0)
  assert.deepEqual([kept.figures.evicted.burst, kept.figures.lostGpuHours], [0, 0])
})

test('a plan that its checker finds wrong is told of, and nothing of it is done', () => {
  const issue = { at: 'everything', problem: 'is wrong' }
  const { figures, rejections } = replay(sceneOf(nightAndMorning(), { planOf, planIssues: () => [issue] }))
  assert.ok(rejections.length > 0)
  assert.deepEqual([rejections[0]?.issues, figures.evicted.burst, figures.plans], [[issue], 0, 0])
})
