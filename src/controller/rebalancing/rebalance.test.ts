import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assembleCluster } from '../../admission/cluster.ts'
import { textAt } from '../../admission/objects.ts'
import { clusterWith } from '../../admission/testing.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { parsedValue } from '../../schema/testing.ts'
import { TREE, turn } from '../counting/testing.ts'
import type { Death } from './changing-api.testing.ts'
import { unpacked } from './replay.testing.ts'
import { NOTICE_MS, reclaiming, reclaimingWorld, running } from './testing.ts'

/** Tenant a has all it reserves, and borrows what is left of twenty; then b comes for two of its own four. */
function lent(metadata: JsonObject = { annotations: { 'sluice.dev/injected': 'quota: tier burst' } }) {
  const world = reclaimingWorld()
  world.server.put(running('own', 'reserved', 8))
  for (let index = 0; index < 12; index += 1) world.server.put(running(`lent-${index}`, 'burst', 1, { metadata }))
  return world
}

function comeBack(world: ReturnType<typeof lent>): void {
  world.server.put(running('owner', 'reserved', 2, { namespace: 'team-b', spec: { nodeName: '' } }))
}

test('lent capacity comes back: notice, deadline, eviction, and no more than is owed', async () => {
  const world = lent()
  world.leadAndPlan('leader')
  await world.pass(5_000)
  assert.deepEqual(world.told(), [])
  comeBack(world)
  await world.pass(5_000)
  const noticed = world.noticed()
  assert.equal(noticed.length, 2)
  assert.deepEqual(world.told().toSorted(), noticed.map(name => `ReclaimNotice ${name}`).toSorted())
  await world.pass(NOTICE_MS - 5_000)
  assert.deepEqual(world.leaving(), [])
  await world.pass(10_000)
  assert.deepEqual(world.leaving(), noticed)
  world.endLeaving()
  await world.pass(120_000)
  assert.deepEqual([world.noticed(), world.leaving()], [[], []])
  assert.equal(await world.held(), 'reserved 8000 h100, burst 10000 h100')
  assert.deepEqual(world.problems, [])
})

test('a need is looked for every second, and planned for before the next count is due', async () => {
  const world = lent()
  const { writer } = world.leadAndPlan('leader')
  await world.pass(10_000)
  const owner = running('owner', 'reserved', 2, { namespace: 'team-b', spec: { nodeName: '' } })
  assert.equal((await world.charge(writer, owner)).kind, 'charged')
  world.server.put(owner)
  await world.pass(1_000)
  await world.pass(1_000)
  assert.equal(world.noticed().length, 2)
})

/** Plays the whole story with leaders that die, until nothing happens any more. */
async function story(death: Death | undefined) {
  const world = lent()
  let leader = world.leadAndPlan('0', death === undefined ? {} : { death })
  await world.pass(5_000)
  comeBack(world)
  const evicted: string[] = []
  for (let passed = 0; passed < 200_000; passed += 5_000) {
    await world.pass(5_000)
    evicted.push(...world.endLeaving())
    if (leader.isDead()) leader = world.leadAndPlan('1')
  }
  return { world, evicted }
}

test('whoever dies at whatever call, the next leader ends what was begun: the same two go, and are told once', async () => {
  const { world: whole, evicted: expected } = await story(undefined)
  const changes = whole.calls.filter(({ method }) => method !== 'GET').length
  // Two pods: a patch and an event, an eviction and an event.
  assert.equal(changes, 8)
  for (let atCall = 0; atCall < changes; atCall += 1) {
    for (const hasEffect of [false, true]) {
      const { world, evicted } = await story({ atCall, hasEffect })
      const at = `call ${atCall}, ${hasEffect ? 'with' : 'without'} effect`
      assert.deepEqual(evicted.toSorted(), expected.toSorted(), at)
      assert.equal(await world.held(), 'reserved 8000 h100, burst 10000 h100', at)
      const told = world.told()
      assert.equal(new Set(told).size, told.length, at)
    }
  }
})

const GRACE_MS = 30_000

/** The same with a gang of three, of which one alone would be enough; who is evicted takes its time. */
async function storyOfGang(death: Death | undefined) {
  const world = reclaimingWorld()
  world.server.put(running('own', 'reserved', 8))
  const metadata = {
    annotations: { 'sluice.dev/gang-size': '3' },
    labels: { 'sluice.dev/tier': 'burst', 'batch.kubernetes.io/job-name': 'train' },
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'train', uid: 'job', controller: true }],
  }
  for (const name of ['g0', 'g1', 'g2']) world.server.put(running(name, 'burst', 4, { metadata }))
  let leader = world.leadAndPlan('0', death === undefined ? {} : { death })
  await world.pass(5_000)
  comeBack(world)
  const leavingFor = new Map<string, number>()
  const evicted: string[] = []
  for (let passed = 0; passed < 200_000; passed += 5_000) {
    await world.pass(5_000)
    if (leader.isDead()) leader = world.leadAndPlan('1')
    for (const name of world.leaving()) {
      leavingFor.set(name, (leavingFor.get(name) ?? 0) + 5_000)
      if ((leavingFor.get(name) ?? 0) < GRACE_MS) continue
      world.server.remove(name)
      evicted.push(name)
    }
  }
  return { world, evicted }
}

test('whoever dies at whatever call, all of a gang goes, or none of it', async () => {
  const { world: whole } = await storyOfGang(undefined)
  const changes = whole.calls.filter(({ method }) => method !== 'GET').length
  // Three pods: a patch and an event, an eviction that is tried, an eviction and an event.
  assert.equal(changes, 15)
  for (let atCall = 0; atCall < changes; atCall += 1) {
    for (const hasEffect of [false, true]) {
      const { world, evicted } = await storyOfGang({ atCall, hasEffect })
      const at = `call ${atCall}, ${hasEffect ? 'with' : 'without'} effect`
      assert.deepEqual(evicted.toSorted(), ['g0', 'g1', 'g2'], at)
      assert.ok(!world.told().some(told => told.startsWith('ReclaimRescinded')), at)
      assert.deepEqual([world.noticed(), world.plans.includes('rejected')], [[], false], at)
    }
  }
})

test('a notice is taken back when whoever it was given for has gone', async () => {
  const world = lent()
  world.leadAndPlan('leader')
  comeBack(world)
  await world.pass(10_000)
  const noticed = world.noticed()
  world.server.remove('owner')
  await world.pass(5_000)
  assert.deepEqual(world.noticed(), [])
  assert.deepEqual(
    world.told().filter(told => told.startsWith('ReclaimRescinded')),
    noticed.map(name => `ReclaimRescinded ${name}`),
  )
})

test('where the cohort is switched off, notices that were given are taken back', async () => {
  const world = lent()
  world.leadAndPlan('leader')
  comeBack(world)
  await world.pass(10_000)
  assert.equal(world.noticed().length, 2)
  world.setCluster(clusterWith(reclaiming({ mode: 'Off' })))
  await world.pass(NOTICE_MS + 10_000)
  assert.deepEqual([world.noticed(), world.leaving()], [[], []])
})

test('a tree that is switched off, or gone, is ended once, when its notices are off', async () => {
  const world = lent()
  world.leadAndPlan('leader')
  comeBack(world)
  await world.pass(10_000)
  assert.equal(world.noticed().length, 2)
  world.setCluster(clusterWith(reclaiming({ mode: 'Off' })))
  await world.pass(60_000)
  assert.deepEqual([world.noticed(), world.ended], [[], [TREE]])
  world.setCluster(clusterWith(reclaiming()))
  await world.pass(10_000)
  assert.equal(world.noticed().length, 2)
  world.setCluster(parsedValue(assembleCluster()))
  await world.pass(60_000)
  assert.deepEqual(world.ended, [TREE, TREE])
})

test('a deadline that is copied from another pod, or further away than any notice, is none', async () => {
  for (const deadline of ['2025-01-01T00:00:00Z', '2099-01-01T00:00:00Z']) {
    const world = lent()
    const annotations = { 'sluice.dev/reclaim-deadline': deadline, 'sluice.dev/reclaim-need': 'forged' }
    for (let index = 0; index < 12; index += 1) {
      const labels = { 'sluice.dev/tier': 'burst' }
      world.server.put(running(`lent-${index}`, 'burst', 1, { metadata: { annotations, labels } }))
    }
    world.leadAndPlan('leader')
    comeBack(world)
    await world.pass(10_000)
    assert.deepEqual(world.leaving(), [], `${deadline}: nobody goes without notice`)
    await world.pass(NOTICE_MS + 10_000)
    assert.equal(world.leaving().length, 2, `${deadline}: and nobody stays for ever`)
  }
})

test('annotations that leave no room for a notice keep nobody: it is told by an event, and holds for as long as its leader', async () => {
  const world = reclaimingWorld()
  world.server.put(running('own', 'reserved', 8))
  const metadata = { labels: { 'sluice.dev/tier': 'burst' }, annotations: { full: 'x'.repeat(262_100) } }
  for (const name of ['p', 'q']) world.server.put(running(name, 'burst', 6, { metadata }))
  const leader = world.leadAndPlan('leader')
  comeBack(world)
  await world.pass(10_000)
  assert.match(world.told().join(), /^ReclaimNotice [pq]$/)
  await world.pass(NOTICE_MS - 15_000)
  assert.deepEqual(world.leaving(), [])
  leader.end()
  world.leadAndPlan('another')
  await world.pass(NOTICE_MS)
  assert.deepEqual(world.leaving(), [], 'another leader does not know of it, and gives another')
  await world.pass(15_000)
  assert.equal(world.leaving().length, 1)
})

test('pods that are being deleted with a grace of a year are evicted as any others, and then end in time', async () => {
  const grace = { deletionTimestamp: '2026-12-31T00:00:00Z', deletionGracePeriodSeconds: 31_536_000 }
  const world = lent({ labels: { 'sluice.dev/tier': 'burst' }, ...grace })
  world.leadAndPlan('leader')
  comeBack(world)
  await world.pass(10_000)
  const noticed = world.noticed()
  assert.equal(noticed.length, 2)
  await world.pass(NOTICE_MS + 10_000)
  const goneBy = (name: string) => Date.parse(textAt(world.byName(name), 'metadata', 'deletionTimestamp') ?? '')
  const ending = world.leaving().filter(name => goneBy(name) <= world.clock.now() + 600_000)
  assert.deepEqual(ending, noticed)
  assert.equal(world.told().filter(told => told.startsWith('Reclaimed ')).length, 2, 'and nobody else goes for them')
})

test('what is borrowed becomes the own of its tenant when its reserve is free, and the claim for it ends', async () => {
  const world = lent()
  world.leadAndPlan('leader')
  await world.pass(5_000)
  world.server.remove('own')
  await world.pass(20_000)
  assert.equal(await world.held(), 'reserved 8000 h100, burst 4000 h100')
  const ledger = await world.ledger()
  assert.equal(ledger.claims.size, 0)
  assert.equal(world.told().filter(told => told.startsWith('Promoted')).length, 8)
  const moved = world.server
    .pods()
    .filter(one => textAt(one, 'metadata', 'annotations', 'sluice.dev/former-tier') === 'burst')
  assert.equal(moved.length, 8)
})

test('pods that were created as burst stay burst: their tenant keeps its reserve for others', async () => {
  const world = lent({})
  world.leadAndPlan('leader')
  await world.pass(5_000)
  world.server.remove('own')
  await world.pass(20_000)
  assert.equal(await world.held(), 'burst 12000 h100')
  assert.deepEqual(world.told(), [])
})

test('a plan that the checker rejects is not carried out; it is told with its input, once', async () => {
  const world = lent()
  const wrong = {
    asOfMs: 0,
    met: [],
    unmet: [],
    steps: [
      {
        kind: 'evict',
        rule: 'over-its-limit',
        need: 'none',
        tenant: 'a',
        tier: 'burst',
        pods: ['uid-lent-0'],
        amounts: new Map(),
      },
    ],
  } as const
  world.leadAndPlan('leader', { planOf: () => wrong })
  await world.pass(30_000)
  assert.deepEqual(world.leaving(), [])
  assert.ok(world.plans.length > 2)
  assert.deepEqual([...new Set(world.plans)], ['rejected'])
  assert.deepEqual(world.told(), [`PlanRejected ${TREE}`])
  // The input is packed by another thread, which keeps its own time.
  while (world.problems.length < 2) await turn()
  const [problem, ...others] = world.problems
  assert.match(problem?.message ?? '', /^a plan was rejected/)
  assert.deepEqual(
    others.map(({ context }) => [textAt(context, 'part'), textAt(context, 'object')]),
    [['1/1', textAt(problem?.context, 'object')]],
  )
  const input = unpacked([textAt(others[0]?.context, 'input') ?? ''])
  assert.equal(input.snapshot.pods.length, 13)
  assert.deepEqual(input.plan.steps[0].pods, ['uid-lent-0'])
  assert.ok(input.book.ledger.length > 0)
})

test('where nobody needs anything and nothing happens, no plan is made', async () => {
  const world = lent()
  world.leadAndPlan('leader')
  await world.pass(20_000)
  const made = world.plans.length
  await world.pass(60_000)
  assert.equal(world.plans.length, made)
})
