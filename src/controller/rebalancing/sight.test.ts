import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clusterWith } from '../../admission/testing.ts'
import { amounts, manualClock, present } from '../../quota/testing.ts'
import type { NodeShape } from '../../rebalance/snapshot.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { countingWorld, TREE } from '../counting/testing.ts'
import { podDisruptionBudgets } from './budgets.ts'
import { clusterSight, type SightDeps } from './sight.ts'
import { reclaiming, running } from './testing.ts'

/** What is seen of pods that have been counted. */
async function sight(pods: readonly JsonObject[], more: Partial<SightDeps> = {}) {
  const world = countingWorld()
  const { counted } = world.lead()
  for (const one of pods) world.server.put(one)
  await world.tick()
  const cluster = clusterWith()
  const see = clusterSight({
    problem: () => undefined,
    counted,
    writtenUpTo: () => 0n,
    spoken: () => null,
    quotas: () => cluster.quotas,
    terms: () => cluster.reclaimTerms,
    nodes: () => [],
    budgets: podDisruptionBudgets(),
    evicted: { isRead: () => true, withinTheHour: () => new Map() },
    refused: () => [],
    utilisation: () => null,
    clock: world.clock,
    ...more,
  })
  return { see: () => see(TREE), world, counted }
}

async function seen(pods: readonly JsonObject[], more: Partial<SightDeps> = {}) {
  const told = await (await sight(pods, more)).see()
  assert.ok(told.kind === 'seen')
  return told.snapshot
}

test('nothing is planned from what is out of date', async () => {
  const cases: readonly { readonly name: string; readonly deps: Partial<SightDeps>; readonly why: RegExp }[] = [
    { name: 'a watch is silent', deps: { problem: () => 'the watch went silent' }, why: /went silent/ },
    { name: 'a count is under way', deps: { counted: () => undefined }, why: /are being counted/ },
    { name: 'its own last patch has not come back', deps: { writtenUpTo: () => 1_000n }, why: /not been told yet/ },
  ]
  for (const { name, deps, why } of cases) {
    const told = await (await sight([running('p', 'burst')], deps)).see()
    assert.ok(told.kind === 'unclear', name)
    assert.match(told.why, why, name)
  }
})

test('nothing is planned from pods that were counted again while they were read', async () => {
  const { counted, world } = await sight([running('p', 'burst')])
  let times = 0
  const { see } = await sight([running('p', 'burst')], {
    counted(tree) {
      times += 1
      const found = present(counted(tree), 'the tree')
      return times === 1 ? found : { ...found, position: found.position + 1n }
    },
    clock: world.clock,
  })
  assert.deepEqual(await see(), { kind: 'unclear', why: 'its pods have been counted again' })
})

test('while nobody knows what former leaders did, whoever may lose so many in an hour has lost them', async () => {
  const cluster = clusterWith(reclaiming({ evictionsPerHour: 3 }))
  const evictedOf = async (isRead: boolean, more: Partial<SightDeps>) => {
    const evicted = { isRead: () => isRead, withinTheHour: () => new Map([['a', 1]]) }
    return [...(await seen([running('p', 'burst')], { evicted, ...more })).evictedLastHour]
  }
  const terms = () => cluster.reclaimTerms
  assert.deepEqual(await evictedOf(true, { terms }), [['a', 1]])
  assert.deepEqual((await evictedOf(false, { terms })).toSorted(), [
    ['a', 3],
    ['b', 3],
  ])
  assert.deepEqual(await evictedOf(false, {}), [['a', 1]], 'where nobody is limited nothing is read')
})

test('work is never saved in the future', async () => {
  const metadata = { labels: { 'sluice.dev/tier': 'burst' } }
  const saved = (time: string) => ({ ...metadata, annotations: { 'sluice.dev/last-checkpoint': time } })
  const times = ['2099-01-01T00:00:00Z', '2025-12-31T23:00:00+00:00', 'yesterday', '7']
  const pods = times.map((time, index) => running(`p${index}`, 'burst', 1, { metadata: saved(time) }))
  const { pods: found, nowMs } = await seen(pods)
  assert.deepEqual(
    found.map(({ savedAtMs }) => savedAtMs),
    [nowMs, Date.UTC(2025, 11, 31, 23), null, null],
  )
})

test('a notice that another leader gave, whose clock is ahead, is one; a longer one than any is none', async () => {
  const clock = manualClock()
  clock.advance(Date.UTC(2026, 0, 1))
  // Cohort research gives 90 seconds.
  const inMs = [-60_000, 90_000, 119_000, 121_000]
  const pods = inMs.map((ms, index) => {
    const deadline = new Date(clock.now() + ms).toISOString()
    const annotations = { 'sluice.dev/reclaim-deadline': deadline, 'sluice.dev/reclaim-need': 'need' }
    return running(`p${index}`, 'burst', 1, { metadata: { labels: { 'sluice.dev/tier': 'burst' }, annotations } })
  })
  const { pods: found } = await seen(pods, { clock })
  assert.deepEqual(
    found.map(({ notice }) => (notice === null ? null : notice.deadlineMs - clock.now())),
    [-60_000, 90_000, 119_000, null],
  )
})

test('nodes say nothing where they do not show what pods have', async () => {
  const shape = (key: string): NodeShape => ({ name: 'n', amounts: amounts({ [key]: 8_000 }) })
  const nodesOf = async (...nodes: readonly NodeShape[]) =>
    (await seen([running('p', 'burst')], { nodes: () => nodes })).nodes?.length ?? null
  assert.deepEqual(
    [
      await nodesOf(),
      await nodesOf(shape('a100')),
      await nodesOf(shape('h100')),
      await nodesOf(shape('a100'), shape('h100')),
    ],
    [null, null, 1, 2],
  )
})
