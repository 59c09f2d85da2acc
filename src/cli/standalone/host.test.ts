import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStore } from '../quota/memory-store.ts'
import { amounts, cohort, compiled, manualClock, present, request, tenant, tenantNamed } from '../quota/testing.ts'
import { used } from '../quota/usage.ts'
import { ledgerWriter } from '../quota/writer.ts'
import { standaloneLeader } from './standalone-leader.ts'

const QUOTAS = compiled([cohort('c', { gpu: {} })], [tenant('t', 'c', { gpu: { reserved: 8 } })])
const HOLD_MS = 1_000

test('the room of a member that never comes is given back, and what was admitted stays', async () => {
  const clock = manualClock()
  const terms = { pendingMs: HOLD_MS, gangHoldMs: HOLD_MS, maxCharges: 10, retryAfterMs: 1 }
  const own = ledgerWriter({ ...terms, id: 'w', store: memoryStore(), clock, timer: clock, quotas: () => QUOTAS })
  const { writer, recount } = standaloneLeader(own, () => QUOTAS, clock)
  const gang = { id: 'g', size: 2, demand: amounts({ gpu: 8 }) }
  assert.equal((await writer.charge({ ...request('1', 't', { gpu: 4 }), gang }, 100)).kind, 'charged')
  await recount()
  assert.equal(heldOf(), 8n)

  clock.advance(HOLD_MS)
  await recount()
  assert.equal(heldOf(), 4n)
  assert.equal((await writer.charge(request('2', 't', { gpu: 4 }, 'reserved'), 2 * HOLD_MS)).kind, 'charged')

  function heldOf() {
    const { ledger, total, quota } = present(writer.book('c'), 'book')
    assert.equal(ledger.charges.size, 0, 'what is there was counted')
    return used(total, tenantNamed(quota, 't').leaves.reserved, 'gpu')
  }
})
