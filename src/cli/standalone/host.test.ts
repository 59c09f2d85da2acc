import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clusterWith } from '../../admission/testing.ts'
import { amounts } from '../../quota/testing.ts'
import { written } from '../../schema/testing.ts'
import { GANG_HOLD_MS, PENDING_MS } from '../time.ts'
import { standaloneWorld } from './testing.ts'

const OF_TWO = {
  labels: { 'kueue.x-k8s.io/pod-group-name': 'g' },
  annotations: { 'kueue.x-k8s.io/pod-group-total-count': '2' },
}

test('who was admitted is there until it is deleted, however much time passes', async () => {
  const world = await standaloneWorld(clusterWith())
  assert.equal(await world.create('p', { gpus: 4 }), 'admitted')
  world.clock.advance(10 * PENDING_MS)
  await world.pods.recount()
  assert.equal(world.held(), 'reserved 4000 h100')

  assert.equal(world.pods.remove('p'), true)
  await world.pods.recount()
  assert.equal(world.held(), '')
  assert.equal(world.pods.remove('p'), false, 'it is gone already')
})

test('a pod that is admitted twice is there once', async () => {
  const world = await standaloneWorld(clusterWith())
  await world.create('p', { gpus: 4 })
  await world.create('p', { gpus: 4 })
  await world.pods.recount()
  assert.deepEqual([world.held(), world.running()], ['reserved 4000 h100', ['p']])
})

test('what was charged for a caller that had gone lapses', async () => {
  const world = await standaloneWorld(clusterWith())
  const { ledger, clock } = world
  const request = { uid: 'lost', tenant: 'a', tier: 'reserved', namespace: 'team-a' } as const
  const demand = amounts({ h100: 8_000 })
  await ledger.charge({ ...request, demand }, clock.now() + 1_000)
  await world.pods.recount()
  assert.equal(world.held(), 'reserved 8000 h100')
  clock.advance(PENDING_MS)
  await world.pods.recount()
  assert.equal(world.held(), '')
})

test('a pod of a tenant that is only warned holds nothing', async () => {
  const warned = written('TenantQuota', 'b', {
    cohort: 'research',
    namespaces: ['team-b'],
    enforcement: 'Warn',
    classes: [{ class: 'h100', reserved: 4 }],
  })
  const world = await standaloneWorld(clusterWith(warned))
  assert.equal(await world.create('p', { namespace: 'team-b', gpus: 5 }), 'admitted')
  await world.pods.recount()
  assert.deepEqual([world.held('b'), world.running()], ['', []])
})

test('the room of a member that never comes is given back, and what was admitted stays', async () => {
  const world = await standaloneWorld(clusterWith())
  assert.equal(await world.create('p', { gpus: 4, metadata: OF_TWO }), 'admitted')
  await world.pods.recount()
  assert.equal(world.held(), 'reserved 8000 h100')
  world.clock.advance(GANG_HOLD_MS)
  await world.pods.recount()
  assert.equal(world.held(), 'reserved 4000 h100')
})
