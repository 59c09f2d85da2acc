import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cluster } from '../../admission/cluster.ts'
import { clusterWith } from '../../admission/testing.ts'
import { written } from '../../schema/testing.ts'
import { standaloneWorld } from './testing.ts'

/** Twenty GPUs: `a` owns eight and the pool has four, `b` owns four; the others are for burst. */
function clusterOf(mode: 'Off' | 'DryRun' | 'On'): Cluster {
  const reclaim = { mode, noticeSeconds: 90, minimumRunSeconds: 0 }
  const classes = (h100: object) => [{ class: 'h100', ...h100 }]
  const amounts = { capacity: { gpus: 20 }, instanceTypes: ['ml.p5.48xlarge'], shared: 4, burst: 4 }
  return clusterWith(
    written('Cohort', 'research', { classes: classes(amounts), reclaim }),
    written('TenantQuota', 'b', {
      cohort: 'research',
      namespaces: ['team-b'],
      classes: classes({ reserved: 4, burst: {} }),
    }),
  )
}

/** `a` uses what it owns and the pool, and borrows all that is left. */
async function lentOut(mode: 'Off' | 'DryRun' | 'On' = 'On') {
  const world = await standaloneWorld(clusterOf(mode))
  await world.create('own', { tier: 'reserved', gpus: 8, job: 'own' })
  await world.create('pool', { tier: 'shared', gpus: 4, job: 'own' })
  for (const uid of ['lent-1', 'lent-2']) {
    world.clock.advance(1_000)
    const metadata = { annotations: { 'sluice.dev/injected': 'quota: tier burst' } }
    assert.equal(await world.create(uid, { tier: 'burst', gpus: 4, job: 'borrower', metadata }), 'admitted')
  }
  world.clock.advance(1_000)
  await world.round()
  return world
}

test('an owner that comes back gets what it is owed, once those who borrowed it have had their notice', async () => {
  const world = await lentOut()
  assert.equal(await world.create('back', { namespace: 'team-b', tier: 'reserved', gpus: 4 }), 'admitted')
  await world.round()
  assert.deepEqual(world.running(), ['own', 'pool', 'lent-1', 'lent-2'], 'nobody goes before the notice has run out')
  assert.notEqual(world.pods.find('lent-2')?.standing.notice, null, 'the youngest goes first')
  assert.equal(world.pods.find('lent-1')?.standing.notice, null, 'and no more than are needed')

  world.clock.advance(90_000)
  await world.round()
  assert.deepEqual(world.running(), ['own', 'pool', 'lent-1', 'back'])
  assert.match(await world.create('again', { tier: 'burst', gpus: 4, job: 'borrower' }), /^exceeded quota/)
  assert.deepEqual(world.problems, [])
})

test('what a tenant below its share was refused is freed, and held for the Job that asked', async () => {
  const world = await lentOut()
  const wanted = { namespace: 'team-b', tier: 'burst', gpus: 2, job: 'sweep' } as const
  assert.match(await world.create('sweep-0', wanted), /^exceeded quota/)
  await world.round()
  world.clock.advance(90_000)
  await world.round()
  await world.round()
  assert.deepEqual(world.running(), ['own', 'pool', 'lent-1'])
  assert.match(await world.create('again', { tier: 'burst', gpus: 4, job: 'borrower' }), /^exceeded quota/)
  assert.equal(await world.create('sweep-1', wanted), 'admitted')
  assert.deepEqual(world.running(), ['own', 'pool', 'lent-1', 'sweep-1'])
  assert.deepEqual(world.problems, [])
})

test('what is borrowed becomes what is owned as soon as there is room', async () => {
  const world = await lentOut()
  world.pods.remove('own')
  await world.round()
  await world.round()
  assert.equal(world.held(), 'reserved 8000 h100, shared 4000 h100')
  assert.deepEqual(world.running(), ['pool', 'lent-1', 'lent-2'])
  assert.deepEqual(world.problems, [])
})

for (const mode of ['Off', 'DryRun'] as const) {
  test(`nothing happens to anybody where reclaim is ${mode}`, async () => {
    const world = await lentOut(mode)
    await world.create('back', { namespace: 'team-b', tier: 'reserved', gpus: 4 })
    await world.round()
    world.clock.advance(90_000)
    await world.round()
    assert.deepEqual(world.running(), ['own', 'pool', 'lent-1', 'lent-2'])
    assert.deepEqual(
      world.pods.of('research').filter(({ standing }) => standing.notice !== null),
      [],
    )
    assert.deepEqual(world.problems, [])
  })
}
