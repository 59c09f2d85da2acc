import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from '../quota/testing.ts'
import { clusterWith, deskOf } from './testing.ts'

const peek = (gpus: number) => {
  const { uid: _, ...asked } = request('u', 'a', { h100: gpus * 1000 }, 'auto', 'team-a')
  return asked
}
const charge = (uid: string, gpus: number, tier: 'auto' | 'burst' = 'auto') =>
  request(uid, 'a', { h100: gpus * 1000 }, tier, 'team-a')

test('a burst of creates cascades through the tiers before any of them is charged', async () => {
  const desk = await deskOf(clusterWith())
  const foretold = [4, 4, 4, 4].map(gpus => desk.peek(peek(gpus), { isDryRun: false }))
  assert.deepEqual(foretold, ['reserved', 'reserved', 'shared', 'burst'])
})

test('a dry run holds nothing', async () => {
  const desk = await deskOf(clusterWith())
  for (const _ of [1, 2, 3]) assert.equal(desk.peek(peek(8), { isDryRun: true }), 'reserved')
})

test('a charge takes the place of what was held for it', async () => {
  const desk = await deskOf(clusterWith())
  assert.equal(desk.peek(peek(4), { isDryRun: false }), 'reserved')
  const verdict = await desk.charge(charge('one', 4), 1_000)
  assert.deepEqual([verdict.kind, verdict.kind === 'charged' && verdict.tier], ['charged', 'reserved'])
  assert.equal(desk.peek(peek(4), { isDryRun: false }), 'reserved')
})

test('a preview says what a charge would, and books nothing', async () => {
  const desk = await deskOf(clusterWith())
  for (const _ of [1, 2]) assert.equal((await desk.preview(charge('u', 8), 1_000)).kind, 'charged')
  assert.equal((await desk.charge(charge('u', 64), 1_000)).kind, 'refused')
})

test('of a tenant that nobody defines nothing is foretold', async () => {
  const desk = await deskOf(clusterWith())
  assert.equal(desk.peek({ ...peek(1), tenant: 'nobody' }, { isDryRun: false }), undefined)
  assert.equal(desk.peek(peek(64), { isDryRun: false }), undefined)
})
