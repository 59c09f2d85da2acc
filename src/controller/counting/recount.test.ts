import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASSES, clusterWith } from '../../admission/testing.ts'
import { written } from '../../schema/testing.ts'
import { CREATE_MS } from './horizon.ts'
import { countingWorld, INTERVAL_MS, PENDING_MS, pod, turn } from './testing.ts'

const TEN_MINUTES = 10 * 60_000

test('a pod is charged, seen, counted and, when it has ended, released', async () => {
  const world = countingWorld()
  const replica = world.replica('r')
  const leader = world.lead()
  const running = pod('p', { tier: 'reserved', gpus: 2 })
  assert.equal((await world.charge(replica, running)).kind, 'charged')
  await world.tick()
  assert.deepEqual([await world.held(), (await world.ledger()).charges.size], ['reserved 2000 h100', 1])

  world.server.put(running)
  await world.tick()
  assert.deepEqual([await world.held(), (await world.ledger()).charges.size], ['reserved 2000 h100', 0])
  world.server.put({ ...running, metadata: { ...Object(running.metadata), deletionTimestamp: '2026-01-01T00:00:00Z' } })
  await world.tick()
  assert.equal(await world.held(), 'reserved 2000 h100', 'a pod that is being deleted has its devices still')

  world.server.put(pod('p', { tier: 'reserved', gpus: 2, phase: 'Succeeded' }))
  await world.tick()
  assert.equal(await world.held(), '')
  assert.deepEqual([leader.told.problems, leader.told.drift.at(-1)], [[], 0n])
})

test('a pod that ended before its charge was counted frees it at once', async () => {
  const world = countingWorld()
  world.lead()
  await world.charge(world.replica('r'), pod('short', { gpus: 2 }))
  world.server.put(pod('short', { gpus: 2 }))
  world.server.remove('short')
  await world.tick()
  assert.equal(await world.held(), '')
})

test('the charge of a pod that never came lapses, and not while its create may still go on', async () => {
  const world = countingWorld()
  world.lead()
  await world.charge(world.replica('r'), pod('dropped'))
  for (let ms = 0; ms < PENDING_MS; ms += INTERVAL_MS) {
    world.server.elsewhere()
    await world.tick()
    assert.equal(await world.held(), 'reserved 1000 h100', 'its time is not up, and then the watch is not so far')
  }
  world.server.bookmark()
  await world.tick(2)
  assert.equal(await world.held(), '')
})

test('where no pod changes and no bookmark comes, another list tells that a pod never came', async () => {
  const world = countingWorld()
  world.lead()
  await world.charge(world.replica('r'), pod('dropped'))
  for (let ms = 0; ms < PENDING_MS + 3 * 60_000; ms += INTERVAL_MS) {
    world.server.elsewhere()
    await world.tick()
  }
  assert.equal(await world.held(), '')
  assert.equal(world.server.watches().length, 2)
})

const CLOCKS: readonly { readonly name: string; readonly replicaMs: number; readonly leaderMs: number }[] = [
  { name: 'of the replica is behind', replicaMs: -TEN_MINUTES, leaderMs: 0 },
  { name: 'of the leader is ahead', replicaMs: 0, leaderMs: TEN_MINUTES },
  { name: 'of both are wrong, apart', replicaMs: -TEN_MINUTES, leaderMs: 6 * TEN_MINUTES },
]

for (const { name, replicaMs, leaderMs } of CLOCKS) {
  test(`a charge does not lapse before its pod can have come, although the clock ${name}`, async () => {
    const world = countingWorld()
    const leader = world.lead('leader', { aheadMs: leaderMs })
    await world.charge(world.replica('r', replicaMs), pod('p'))
    // It looks as if it had lapsed, and the watch is always up to date.
    for (let ms = 0; ms < CREATE_MS; ms += INTERVAL_MS) {
      world.server.bookmark()
      await world.tick()
      assert.equal(await world.held(), 'reserved 1000 h100', `${ms}`)
    }
    world.server.put(pod('p'))
    await world.tick()
    assert.equal(await world.held(), 'reserved 1000 h100')
    assert.ok(leader.told.drift.every(drift => drift === 0n))
  })

  test(`a charge whose pod never comes lapses in bounded time, although the clock ${name}`, async () => {
    const world = countingWorld()
    world.lead('leader', { aheadMs: leaderMs })
    await world.charge(world.replica('r', replicaMs), pod('p'))
    for (let ms = 0; ms < PENDING_MS; ms += INTERVAL_MS) {
      world.server.bookmark()
      await world.tick()
    }
    assert.equal(await world.held(), '')
  })
}

test('a watch that is late lets nothing lapse, however long', async () => {
  const world = countingWorld()
  world.lead()
  // So that it has asked how far the watch has to come, and was told that it is there; and then what comes looks old at once.
  await world.charge(world.replica('r'), pod('p'))
  await world.tick(2)
  for (const watch of world.server.watches()) watch.late()
  await world.charge(world.replica('s', -TEN_MINUTES), pod('q'))
  world.server.put(pod('q'))
  world.server.put(pod('p'))
  world.server.bookmark()
  await world.tick((3 * PENDING_MS) / INTERVAL_MS)
  assert.equal(await world.held(), 'reserved 2000 h100')
  for (const watch of world.server.watches()) watch.catchUp()
  await world.tick()
  assert.deepEqual([await world.held(), (await world.ledger()).charges.size], ['reserved 2000 h100', 0])
})

test('a charge that was renewed is waited for anew', async () => {
  const world = countingWorld()
  world.lead()
  const replica = world.replica('r', -TEN_MINUTES)
  await world.charge(replica, pod('p'))
  for (let ms = 0; ms < 3 * CREATE_MS; ms += INTERVAL_MS) {
    if (ms === 60_000 || ms === 120_000) await world.charge(replica, pod('p'))
    world.server.bookmark()
    await world.tick()
    if (ms < 120_000 + CREATE_MS) assert.equal(await world.held(), 'reserved 1000 h100', `${ms}`)
  }
  assert.equal(await world.held(), '')
})

test('nothing is counted before every pod has been told of', async () => {
  const world = countingWorld()
  const replica = world.replica('r')
  const before = world.lead('before')
  world.server.put(pod('p', { tier: 'reserved' }))
  await world.tick()
  before.stop()
  world.lead('after', { follow: world.server.follow({ lists: false }) })
  await world.tick(3)
  assert.equal(await world.held(), 'reserved 1000 h100')
  for (const watch of world.server.watches()) watch.list()
  world.server.remove('p')
  await world.tick()
  assert.equal(await world.held(), '')
  assert.equal((await world.charge(replica, pod('q', { gpus: 8, tier: 'reserved' }))).kind, 'charged')
})

test('a new leader counts from its own list: what was charged stays, what has gone meanwhile leaves', async () => {
  const world = countingWorld()
  const replica = world.replica('r')
  const before = world.lead('before')
  for (const name of ['stays', 'goes']) {
    await world.charge(replica, pod(name, { gpus: 2 }))
    world.server.put(pod(name, { gpus: 2 }))
  }
  await world.tick()
  before.stop()
  await world.charge(replica, pod('late', { gpus: 1 }))
  world.server.put(pod('late', { gpus: 1 }))
  world.server.remove('goes')

  const after = world.lead('after')
  await world.tick(2)
  assert.deepEqual([await world.held(), (await world.ledger()).charges.size], ['reserved 3000 h100', 0])
  world.server.remove('stays')
  await world.tick()
  assert.equal(await world.held(), 'reserved 1000 h100')
  assert.equal(after.told.drift.at(-1), 0n)
})

test('of two leaders the one whose watch is behind changes nothing', async () => {
  const world = countingWorld()
  const replica = world.replica('r')
  const slow = world.lead('slow')
  await world.tick()
  for (const watch of world.server.watches()) watch.late()
  const quick = world.lead('quick')
  await world.charge(replica, pod('p', { gpus: 8 }))
  world.server.put(pod('p', { gpus: 8 }))
  for (let times = 0; times < 4; times += 1) {
    await world.tick()
    assert.equal(await world.held(), 'reserved 8000 h100', 'the slow one knows of no pod')
  }
  assert.equal((await world.ledger()).charges.size, 0)
  quick.stop()
  for (const watch of world.server.watches()) watch.catchUp()
  world.server.remove('p')
  await world.tick()
  assert.equal(await world.held(), '')
  assert.deepEqual([slow.told.problems, quick.told.problems], [[], []])
})

test('a leader that is stopped while it reads a ledger writes nothing', async () => {
  const world = countingWorld()
  const own = world.replica('leader')
  const { promise: read, resolve } = Promise.withResolvers<void>()
  const leader = world.lead('leader', {
    writer: {
      ...own,
      async refresh(tree) {
        await read
        return own.refresh(tree)
      },
    },
  })
  world.server.put(pod('p'))
  await world.tick()
  leader.stop()
  resolve()
  await turn()
  await world.tick(2)
  assert.deepEqual(world.written, [])
})

test('a pod that comes while a ledger is read is counted as it was charged, by the next recount', async () => {
  const world = countingWorld()
  const own = world.replica('leader')
  const replica = world.replica('r')
  const late = pod('late', { gpus: 2 })
  const leader = world.lead('leader', {
    writer: {
      ...own,
      async refresh(tree) {
        const book = await own.refresh(tree)
        if (world.server.pods().length === 0) {
          await world.charge(replica, late)
          world.server.put(late)
        }
        return book
      },
    },
  })
  await world.tick()
  assert.deepEqual([await world.held(), (await world.ledger()).charges.size], ['reserved 2000 h100', 1])
  await world.tick()
  assert.deepEqual([await world.held(), (await world.ledger()).charges.size], ['reserved 2000 h100', 0])
  assert.deepEqual(leader.told.drift, [0n])
})

test('a store that is away costs recounts and nothing else', async () => {
  const world = countingWorld()
  const leader = world.lead()
  await world.charge(world.replica('r'), pod('p'))
  world.server.put(pod('p'))
  world.setStoreAway(true)
  await world.tick(2)
  assert.match(leader.told.problems.join(), /^the recount of research failed: /)
  world.setStoreAway(false)
  await world.tick()
  assert.deepEqual([await world.held(), (await world.ledger()).charges.size], ['reserved 1000 h100', 0])
})

test('what moves on while nothing of the tree changes is written once, by each new leader', async () => {
  const world = countingWorld()
  world.lead()
  world.server.put(pod('p'))
  await world.tick()
  const before = world.written.length
  for (let times = 0; times < 5; times += 1) {
    world.server.put(pod('plain', { gpus: 0 }))
    world.server.put(pod('p'))
    await world.tick()
  }
  assert.equal(world.written.length, before)
  world.lead('other')
  await world.tick(3)
  assert.equal(world.written.length, before + 1)
})

test('drift is what runs uncharged', async () => {
  const world = countingWorld()
  const leader = world.lead()
  await world.charge(world.replica('r'), pod('charged', { gpus: 2 }))
  world.server.put(pod('charged', { gpus: 2 }))
  await world.tick(2)
  assert.deepEqual([leader.told.drift, leader.told.pending], [[0n], [1, 0]])
  world.server.put(pod('stranger', { gpus: 3 }))
  await world.tick(2)
  assert.deepEqual(leader.told.drift, [0n, 3_000n, 0n])
  assert.equal(leader.told.recounts, 4)
})

test('a tree that no cohort defines any more is counted until its pods are gone', async () => {
  const world = countingWorld([
    written('Cohort', 'old', { classes: [{ class: 'h100', capacity: { gpus: 8 } }] }),
    written('TenantQuota', 'x', {
      cohort: 'old',
      namespaces: ['team-x'],
      classes: [{ class: 'h100', reserved: 8 }],
    }),
  ])
  const first = world.lead()
  await world.charge(world.replica('r'), pod('p', { namespace: 'team-x', gpus: 4 }))
  world.server.put(pod('p', { namespace: 'team-x', gpus: 4 }))
  await world.tick()
  world.setCluster(clusterWith())
  await world.tick()
  assert.equal(await world.held('x', 'old'), 'reserved 4000 h100', 'it still runs')
  first.stop()

  // Nobody tells a new leader whose it was.
  world.lead('next', { ledgers: () => ['old'] })
  world.server.bookmark()
  world.server.remove('p')
  await world.tick()
  assert.equal(await world.held('x', 'old'), '')
})

test('other classes are another beginning: pods that held nothing by the former ones are counted', async () => {
  const [h100 = {}] = CLASSES
  const spec = Object(h100.spec)
  const world = countingWorld()
  world.lead()
  world.server.put(
    pod('p', { gpus: 0, spec: { containers: [{ name: 'm', resources: { limits: { 'x.com/gpu': '2' } } }] } }),
  )
  await world.tick()
  assert.equal(await world.held(), '')
  const more = [...spec.resources, { name: 'x.com/gpu', milliGpus: 1000 }]
  world.setCluster(clusterWith(written('AcceleratorClass', 'h100', { ...spec, resources: more })))
  await world.tick()
  assert.equal(await world.held(), 'reserved 2000 h100')
  // The same classes compiled again are no others.
  const watches = world.server.watches().length
  world.setCluster(clusterWith(written('AcceleratorClass', 'h100', { ...spec, resources: more })))
  await world.tick()
  assert.equal(world.server.watches().length, watches)
})

test('a pod that cannot be read is told of once', async () => {
  const world = countingWorld()
  const leader = world.lead()
  const broken = pod('broken', {
    spec: { containers: [{ name: 'm', resources: { limits: { 'nvidia.com/gpu': 'many' } } }] },
  })
  for (let times = 0; times < 3; times += 1) world.server.put(broken)
  await world.tick()
  assert.equal(leader.told.problems.length, 1)
  assert.match(leader.told.problems.join(), /^a pod is not counted: spec\.containers\[0\]/)
})
