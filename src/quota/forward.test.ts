import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chargeForOthers, forwardingWriter, type Leader } from './forward.ts'
import { charges } from './ledger.ts'
import { memoryStore } from './memory-store.ts'
import { cohort, compiled, manualClock, request, tenant } from './testing.ts'
import type { LedgerStore } from './versions.ts'
import { ledgerWriter } from './writer.ts'

const QUOTAS = compiled([cohort('c', { gpu: { burst: 2 } })], [tenant('t', 'c', { gpu: { reserved: 8 } })])
const SOON = 1_000
const PATIENCE_MS = 400

test('charges go to the leader in batches, and its ledger writes are the only ones', async () => {
  const { leader, follower, writes } = pair()
  const asked = Array.from({ length: 10 }, (_, index) => follower.charge(request(`${index}`, 't', { gpu: 1 }), SOON))
  const verdicts = await Promise.all(asked)
  assert.deepEqual(
    Object.fromEntries(
      Map.groupBy(verdicts, ({ kind }) => kind)
        .entries()
        .map(([kind, all]) => [kind, all.length]),
    ),
    {
      charged: 10,
    },
  )
  assert.deepEqual([leader.batches, writes.leader, writes.follower], [[10], 1, 0])
})

test('what the leader refuses is decided again here, and explained', async () => {
  const { follower } = pair()
  const verdict = await follower.charge(request('1', 't', { gpu: 9 }, 'reserved'), SOON)
  assert.equal(verdict.kind, 'refused')
  assert.equal(verdict.kind === 'refused' ? verdict.explanation.tiers[0]?.classes[0]?.short : undefined, 1n)
})

test('a leader that fails, that is silent, and that nobody knows, is done without', async () => {
  for (const how of ['fails', 'silent', 'nobody'] as const) {
    const { follower, clock, store, writes } = pair(how)
    const asked = follower.charge(request('1', 't', { gpu: 1 }), SOON)
    await turns()
    if (how === 'silent') clock.advance(PATIENCE_MS)
    assert.equal((await asked).kind, 'charged', how)
    assert.equal((await store.read('c')).value.charges.size, 1)
    assert.equal(writes.follower, 1)
    assert.equal(clock.pending(), 0)
  }
})

test('a pod that the leader booked and this replica as well, because the answer came too late, is charged once', async () => {
  const { follower, clock, store } = pair('late')
  const asked = follower.charge(request('1', 't', { gpu: 3 }), SOON)
  await turns()
  clock.advance(PATIENCE_MS)
  assert.equal((await asked).kind, 'charged')
  assert.deepEqual(
    [...charges((await store.read('c')).value)].map(({ uid, amounts }) => [uid, amounts.get('gpu')]),
    [['1', 3n]],
  )
})

function pair(how: 'answers' | 'fails' | 'silent' | 'late' | 'nobody' = 'answers') {
  const store = memoryStore()
  const clock = manualClock()
  const writes = { leader: 0, follower: 0 }
  const counted = (who: keyof typeof writes): LedgerStore => ({
    read: store.read,
    replace(tree, current, next) {
      writes[who] += 1
      return store.replace(tree, current, next)
    },
  })
  const terms = { pendingMs: 60_000, gangHoldMs: 60_000, maxCharges: 100, retryAfterMs: 1 }
  const open = (id: keyof typeof writes) =>
    ledgerWriter({ ...terms, id, store: counted(id), clock, timer: clock, quotas: () => QUOTAS })
  const batches: number[] = []
  const leading = open('leader')
  const leader: Leader = {
    async charge(requests, deadlineMs) {
      batches.push(requests.length)
      if (how === 'fails') throw new Error('connection refused')
      const answers = how === 'silent' ? [] : await chargeForOthers(leading, requests, deadlineMs)
      return how === 'silent' || how === 'late' ? new Promise(() => {}) : answers
    },
  }
  const follower = forwardingWriter({
    own: open('follower'),
    leader: () => (how === 'nobody' ? undefined : leader),
    clock,
    timer: clock,
    patienceMs: PATIENCE_MS,
  })
  return { leader: { batches }, follower, clock, store, writes }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}
