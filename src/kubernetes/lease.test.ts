import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { MemoryLog } from '../../test/support/https.ts'
import { fieldAt } from '../admission/objects.ts'
import { manualClock } from '../quota/testing.ts'
import { apiServer } from './api-server.ts'
import { type Election, electLeader } from './lease.ts'
import { openLine } from './line.ts'
import { status } from './objects.testing.ts'
import { answer, startApi, type TestApi } from './testing.ts'

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/sluice-system/leases'
const CENTURY_MS = 100 * 365 * 86_400_000

interface Replica {
  readonly election: Election
  readonly told: readonly string[]
  readonly log: MemoryLog
  /** Lets its time pass, and what it does then come to its end. */
  step(byMs: number): Promise<void>
  settled(): Promise<void>
  /** Its clock goes on while it stands still. */
  sleep(byMs: number): void
  /** From now on none of its calls arrives. */
  cutOff(): void
}

interface Odd {
  /** How far its clocks are from those of others. */
  readonly aheadMs?: number
}

/** Turns of the loop, not time. */
async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    assert.ok(turn < 100_000, 'it does not come to rest')
    await setImmediate()
  }
}

async function replica(t: TestContext, api: TestApi, identity: string, { aheadMs = 0 }: Odd = {}): Promise<Replica> {
  const [clock, log, told] = [manualClock(), new MemoryLog(), [] as string[]]
  clock.advance(Math.max(0, aheadMs))
  let sleptMs = 0
  let isCut = false
  const line = openLine(api.access, { connections: 1 })
  const server = apiServer({
    close: line.close,
    send: message => (isCut ? Promise.reject(new Error('no route to host')) : line.send(message)),
  })
  const now = () => clock.now() + sleptMs
  const election = electLeader({
    api: server,
    namespace: 'sluice-system',
    name: 'sluice',
    self: { identity, address: `${identity}:8443` },
    clock: { now },
    timer: {
      at(atMs, ring) {
        return clock.at(atMs - sleptMs, ring)
      },
    },
    calendar: { now: () => Date.UTC(2026, 0) + aheadMs },
    random: () => 0,
    log,
    onGained: () => told.push('gained'),
    onLost: () => told.push('lost'),
  })
  t.after(() => line.close())
  const settled = async () => {
    // Between two rounds it waits for the next, and as a leader for the end of its time as well.
    await until(() => clock.pending() >= (election.isLeader() ? 2 : 1))
  }
  await settled()
  return {
    election,
    told,
    log,
    settled,
    async step(byMs) {
      clock.advance(byMs)
      await settled()
    },
    sleep(byMs) {
      sleptMs += byMs
    },
    cutOff() {
      isCut = true
    },
  }
}

async function startWith(t: TestContext): Promise<TestApi> {
  const api = await startApi(t)
  api.objects.serve(LEASES)
  return api
}

test('the first leads, and every other knows where to reach it', async t => {
  const api = await startWith(t)
  const first = await replica(t, api, 'a')
  const second = await replica(t, api, 'b')
  assert.deepEqual([first.election.isLeader(), second.election.isLeader()], [true, false])
  assert.deepEqual(second.election.leader(), { identity: 'a', address: 'a:8443' })
  assert.deepEqual(first.election.leader(), { identity: 'a', address: 'a:8443' })
  const { spec } = api.objects.get(LEASES, 'sluice')
  assert.deepEqual(spec, {
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    acquireTime: '2026-01-01T00:00:00.000000Z',
    renewTime: '2026-01-01T00:00:00.000000Z',
    leaseTransitions: 0,
  })
})

for (const aheadMs of [0, CENTURY_MS, -CENTURY_MS]) {
  test(`a leader that is cut off stops before another begins, with clocks ${aheadMs / 86_400_000} days apart`, async t => {
    const api = await startWith(t)
    const old = await replica(t, api, 'old')
    const next = await replica(t, api, 'next', { aheadMs })
    for (let n = 0; n < 10; n++) {
      await old.step(2_000)
      await next.step(2_000)
    }
    assert.deepEqual([old.told, next.told], [['gained'], []], 'while it renews nothing changes')
    old.cutOff()
    const leaders: string[] = []
    for (let n = 0; n < 100 && !next.election.isLeader(); n++) {
      await old.step(200)
      await next.step(200)
      const leading = [old, next].map(({ election }) => election.isLeader())
      assert.ok(!leading.every(Boolean), 'two lead')
      leaders.push(leading[0] === true ? 'old' : leading[1] === true ? 'next' : 'nobody')
    }
    assert.deepEqual([...new Set(leaders)], ['old', 'nobody', 'next'])
    assert.deepEqual([old.told, next.told], [['gained', 'lost'], ['gained']])
    assert.equal(old.election.leader(), undefined)
    assert.equal(fieldAt(api.objects.get(LEASES, 'sluice'), 'spec', 'leaseTransitions'), 1)
  })
}

test('a leader that stood still knows that it no longer leads, before any timer tells it', async t => {
  const api = await startWith(t)
  const one = await replica(t, api, 'a')
  one.sleep(10_000)
  assert.equal(one.election.isLeader(), false)
  assert.deepEqual(one.told, ['gained'])
  await one.step(2_000)
  await until(() => one.told.length === 3)
  assert.deepEqual(one.told, ['gained', 'lost', 'gained'], 'and takes it again')
})

test('a renewal counts from when it was sent, however late its answer comes', async t => {
  const api = await startWith(t)
  const one = await replica(t, api, 'a')
  const gate = Promise.withResolvers<void>()
  api.once('PUT', async (_req, res) => {
    await gate.promise
    answer(res, 200, api.objects.put(LEASES, 'sluice', { spec: { holderIdentity: 'a', leaseDurationSeconds: 15 } }))
  })
  const renewal = one.step(2_000)
  await api.asked('PUT')
  one.sleep(9_000)
  gate.resolve()
  await renewal
  await until(() => one.election.isLeader())
  one.sleep(1_000)
  assert.equal(one.election.isLeader(), false)
})

test('who resigns stops first, and the next need not wait', async t => {
  const api = await startWith(t)
  const old = await replica(t, api, 'old')
  const next = await replica(t, api, 'next')
  let whenGivenUp: readonly string[] = []
  api.once('PUT', (_req, res) => {
    whenGivenUp = [...old.told]
    const before = api.objects.get(LEASES, 'sluice')
    answer(res, 200, api.objects.put(LEASES, 'sluice', { ...before, spec: { holderIdentity: '' } }))
  })
  await old.election.resign()
  assert.deepEqual(whenGivenUp, ['gained', 'lost'])
  await next.step(2_000)
  assert.equal(next.election.isLeader(), true)
})

test('who resigns leaves the lease free, and never takes it again', async t => {
  const api = await startWith(t)
  const one = await replica(t, api, 'a')
  await one.election.resign()
  assert.equal(fieldAt(api.objects.get(LEASES, 'sluice'), 'spec', 'holderIdentity'), '')
  assert.equal(one.election.leader(), undefined)
  assert.equal(one.election.isLeader(), false)
})

test('a leader whose lease another has taken stops at once', async t => {
  const api = await startWith(t)
  const one = await replica(t, api, 'a')
  api.objects.put(LEASES, 'sluice', { spec: { holderIdentity: 'thief', leaseDurationSeconds: 15 } })
  await one.step(2_000)
  assert.deepEqual(one.told, ['gained', 'lost'])
  assert.equal(one.election.leader()?.identity, 'thief')
})

test('a lease that is deleted frees nobody from waiting, and its holder makes it again', async t => {
  const api = await startWith(t)
  const holder = await replica(t, api, 'holder')
  const other = await replica(t, api, 'other')
  api.objects.remove(LEASES, 'sluice')
  await other.step(2_000)
  assert.equal(other.election.isLeader(), false)
  await holder.step(2_000)
  await holder.step(2_000)
  assert.equal(holder.election.isLeader(), true)
  await other.step(2_000)
  assert.equal(other.election.leader()?.identity, 'holder')
})

test('what is refused is told once, and tried again', async t => {
  const api = await startWith(t)
  for (let n = 0; n < 3; n++) api.once('GET', (_req, res) => answer(res, 403, status(403, 'Forbidden')))
  const one = await replica(t, api, 'a')
  await one.step(2_000)
  await one.step(2_000)
  assert.equal(one.election.isLeader(), false)
  assert.deepEqual(
    one.log.problems.map(({ context }) => context),
    [{ reason: '403 Forbidden it is' }],
  )
  await one.step(2_000)
  assert.equal(one.election.isLeader(), true)
})

test('what others wrote on the lease stays', async t => {
  const api = await startWith(t)
  api.objects.put(LEASES, 'sluice', { metadata: { annotations: { note: 'mine' } }, spec: { strategy: 'x' } })
  await replica(t, api, 'a')
  const lease = api.objects.get(LEASES, 'sluice')
  assert.deepEqual(fieldAt(lease, 'metadata', 'annotations'), { note: 'mine', 'sluice.dev/address': 'a:8443' })
  assert.equal(fieldAt(lease, 'spec', 'strategy'), 'x')
})
