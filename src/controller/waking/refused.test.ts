import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableLimits } from '../../admission/tenant-table.ts'
import { manualClock } from '../../quota/testing.ts'
import { written } from '../../schema/testing.ts'
import { admission, clusterOf, type TestOwner } from '../testing.ts'
import { intervalOf, type RefusedOwner, refusedOwners } from './refused.ts'

const STRICT = written('GpuPolicy', 'strict', {
  validate: [{ expression: "!('forbidden' in object.metadata.?labels.orValue({}))", code: 'SLU-P900' }],
})
const CLUSTER = clusterOf({ burst: 4, tenants: { a: {}, b: {} } }, STRICT)

/** A full pool of four, and what is remembered of those who come then. */
async function fullPool(limits?: TableLimits) {
  const told: unknown[] = []
  const observer = {
    unwakeable: (reason: string) => void told.push(reason),
    reached: (afterMs: number) => void told.push(afterMs),
  }
  const clock = manualClock()
  const refused = refusedOwners({ clock, observer, ...(limits === undefined ? {} : { limits }) })
  const service = admission(CLUSTER, refused, clock)
  const holder = await service.attempt(undefined, { gpus: 4 })
  assert.ok(holder !== undefined)
  const all = () => [...refused.byTenant().values()].flat()
  const names = () => all().map(({ owner }) => owner.name)
  const only = (): RefusedOwner => {
    const [one, ...others] = all()
    assert.ok(one !== undefined && others.length === 0)
    return one
  }
  return { ...service, refused, told, names, only, holder }
}

const owner = (name: string, more: Partial<TestOwner> = {}): TestOwner => ({ tenant: 'a', name, ...more })

test('an owner whose pod was refused for quota is remembered with what it asked for and since when', async () => {
  const { attempt, only, clock } = await fullPool()
  clock.advance(500)
  await attempt(owner('web'), { gpus: 2 })
  clock.advance(300)
  await attempt(owner('web'), { gpus: 3 })
  const { owner: known, ask, sinceMs, seenMs, path } = only()
  assert.deepEqual([known.namespace, known.kind, known.name, known.uid], ['a', 'ReplicaSet', 'web', 'uid-a-web'])
  assert.equal(path, '/apis/apps/v1/namespaces/a/replicasets/web')
  assert.deepEqual([ask.tenant, ask.tier, ask.demand], ['a', 'auto', new Map([['h100', 3_000n]])])
  assert.deepEqual([sinceMs, seenMs], [500, 800])
})

test('whom waking cannot help is not remembered', async () => {
  const { attempt, names, told } = await fullPool()
  await attempt(undefined)
  assert.equal(await attempt(owner('hopeless'), { gpus: 5 }), undefined)
  await attempt(owner('wrong'), { metadata: { labels: { forbidden: '' } } })
  await attempt(owner('dry'), { dryRun: true })
  await attempt(owner('volcano', { apiVersion: 'batch.volcano.sh/v1alpha1', kind: 'Job' }))
  await attempt(owner('../secrets/x'))
  assert.deepEqual([names(), told], [[], ['kind', 'kind']])
})

test('an owner is forgotten when a pod of it is admitted, or refused for what no room changes', async () => {
  const { attempt, names, free, holder, told } = await fullPool()
  await attempt(owner('x'))
  await attempt(owner('y'))
  assert.deepEqual(names(), ['x', 'y'])
  await attempt(owner('y'), { metadata: { labels: { forbidden: '' } } })
  assert.deepEqual(names(), ['x'])
  await free(holder)
  await attempt(owner('x'), { dryRun: true })
  assert.deepEqual(names(), ['x'])
  assert.ok((await attempt(owner('x'))) !== undefined)
  assert.deepEqual([names(), told], [[], []])
})

test('a pod without accelerators says nothing of room for those with them', async () => {
  const { attempt, names } = await fullPool()
  await attempt(owner('x'))
  assert.ok((await attempt(owner('x'), { gpus: 0 })) !== undefined)
  assert.deepEqual(names(), ['x'])
})

test('the oldest make room, those of a tenant that has too many first, and it is counted', async () => {
  const { attempt, names, told } = await fullPool({ inAll: 4, ofTenant: 3 })
  for (const name of ['a1', 'a2', 'a3', 'a4']) await attempt(owner(name))
  assert.deepEqual([names(), told], [['a2', 'a3', 'a4'], ['full']])
  for (const name of ['b1', 'b2']) await attempt(owner(name, { tenant: 'b' }))
  assert.deepEqual(
    [names(), told],
    [
      ['a3', 'a4', 'b1', 'b2'],
      ['full', 'full'],
    ],
  )
  await attempt(owner('a3'))
  assert.deepEqual(names(), ['a3', 'a4', 'b1', 'b2'])
})

test('the UID of an owner in another namespace reaches nobody there', async () => {
  const { attempt, free, holder, names } = await fullPool()
  await attempt(owner('x'))
  await free(holder)
  const reference = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'x', uid: 'uid-a-x', controller: true }
  await attempt(owner('x', { tenant: 'b' }), { metadata: { ownerReferences: [reference] } })
  assert.deepEqual(names(), ['x'])
})

test('one that was called keeps its seniority when it is refused again, and waits longer each time', async () => {
  const { attempt, refused, only, clock } = await fullPool()
  await attempt(owner('x'))
  const waits = [only().stage].map(stage => stage.kind === 'waiting' && stage.notBeforeMs)
  for (let round = 0; round < 9; round += 1) {
    refused.update(only(), { fitsSinceMs: clock.now(), stage: { kind: 'called', untilMs: clock.now() + 5_000 } })
    clock.advance(1_000)
    await attempt(owner('x'))
    const { stage, fitsSinceMs } = only()
    assert.equal(fitsSinceMs, undefined)
    waits.push(stage.kind === 'waiting' && stage.notBeforeMs - clock.now())
  }
  assert.deepEqual(waits, [1_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 320_000, 320_000, 320_000])
  assert.deepEqual([only().sinceMs, intervalOf(only())], [0, 320_000])
})

test('the time from room to the next pod is told of those who were called, and of no others', async () => {
  const { attempt, free, refused, holder, told, clock } = await fullPool()
  await attempt(owner('called'))
  await attempt(owner('by-itself'))
  await free(holder)
  for (const one of [...refused.byTenant().values()].flat()) {
    const stage = one.owner.name === 'called' ? { stage: { kind: 'called', untilMs: 9_000 } as const } : {}
    refused.update(one, { fitsSinceMs: 200, ...stage })
  }
  clock.advance(1_200)
  await attempt(owner('called'))
  await attempt(owner('by-itself'))
  assert.deepEqual(told, [1_000])
})

test('who was called and did not come is left to whoever sees it, and who no longer tries is forgotten', async () => {
  const { attempt, refused, names, clock } = await fullPool()
  await attempt(owner('called'))
  await attempt(owner('silent'))
  const called = [...refused.byTenant().values()].flat().find(one => one.owner.name === 'called')
  assert.ok(called !== undefined)
  refused.update(called, { stage: { kind: 'called', untilMs: 5_000 } })
  refused.update(called, { stage: { kind: 'waiting', notBeforeMs: 0 } })
  clock.advance(4_999)
  refused.expire()
  assert.deepEqual(names(), ['called', 'silent'])
  clock.advance(1)
  refused.expire()
  assert.deepEqual(names(), ['silent'])
  clock.advance(20 * 60_000 - 5_001)
  refused.expire()
  assert.deepEqual(names(), ['silent'])
  clock.advance(1)
  refused.expire()
  assert.equal(refused.size(), 0)
})
