/** Writers of one ledger that get in each other's way, in virtual time: each gets its turn. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cohort, compiled, request, tenant } from '../src/quota/testing.ts'
import { textStore } from '../src/quota/text-store.ts'
import { type LedgerWriter, ledgerWriter } from '../src/quota/writer.ts'
import { sharedText } from './load/shared-text.ts'
import { type VirtualTime, virtualTime } from './load/virtual-time.ts'

const QUOTAS = compiled([cohort('c', { gpu: {} })], [tenant('t', 'c', { gpu: { reserved: 1_000_000 } })])
const RUN_MS = 2_000

test('of replicas that march in step none is starved', async () => {
  const longestMs = await longestAnswers([2, 2, 2])
  assert.ok(Math.max(...longestMs) < 250, `the longest answers took ${longestMs.join(', ')} ms`)
})

test('a replica somewhat further from the store is not starved', async () => {
  const longestMs = await longestAnswers([4, 5])
  assert.ok(Math.max(...longestMs) < 500, `the longest answers took ${longestMs.join(', ')} ms`)
})

test('a replica that is alone is answered in about the time of a write', async () => {
  const [longestMs = 0] = await longestAnswers([2])
  // One write may be under way, and two may be yielded to whoever else there might be.
  assert.ok(longestMs <= 4 * 2 * 2, `${longestMs} ms`)
})

test('where a write takes seconds nobody waits for a turn as well', async () => {
  const writeMs = 2 * 2_000
  const [longestMs = 0] = await longestAnswers([writeMs / 2], 40 * writeMs)
  assert.ok(longestMs <= 2 * writeMs + 1_000, `${longestMs} ms`)
})

test('a clock that is set while a write is under way holds nobody up', async () => {
  const time = virtualTime()
  const set = { by: 0 }
  const clock = { now: () => time.now() + set.by }
  // As the timer of a process: what it waits for is reckoned when it is set.
  const timer = { at: (atMs: number, ring: () => void) => time.at(atMs - set.by, ring) }
  const writer = writerAt(
    { ...time, now: clock.now, at: timer.at },
    'w',
    2,
    sharedText(() => {}),
  )
  const waits: number[] = []
  async function charges(): Promise<void> {
    for (let pods = 0; pods < 40; pods += 1) {
      const askedMs = time.now()
      const answer = writer.charge(request(`${pods}`, 't', { gpu: 1 }), clock.now() + 10_000_000)
      await time.sleep(1)
      set.by += 300_000
      await answer
      waits.push(time.now() - askedMs)
    }
  }
  const all = charges()
  await time.run(() => false)
  await all
  assert.equal(waits.length, 40)
  assert.ok(Math.max(...waits) < 2_000, `${Math.max(...waits)} ms`)
})

/** The longest that a client waited, by writer; each writer is so many ms from the store and has four clients that never rest. */
async function longestAnswers(waysMs: readonly number[], runMs = RUN_MS): Promise<readonly number[]> {
  const time = virtualTime()
  const shared = sharedText(() => {})
  const longestMs = waysMs.map(() => 0)
  const endMs = time.now() + runMs
  let pods = 0

  async function client(writer: LedgerWriter, at: number): Promise<void> {
    while (time.now() < endMs) {
      const askedMs = time.now()
      const verdict = await writer.charge(request(`${pods++}`, 't', { gpu: 1 }), askedMs + 10 * runMs)
      assert.equal(verdict.kind, 'charged', JSON.stringify(verdict))
      longestMs[at] = Math.max(longestMs[at] ?? 0, time.now() - askedMs)
    }
  }

  const clients = waysMs.flatMap((wayMs, at) => {
    const writer = writerAt(time, `w${at}`, wayMs, shared)
    return Array.from({ length: 4 }, () => client(writer, at))
  })
  await time.run(() => false)
  await Promise.all(clients)
  return longestMs
}

function writerAt(time: VirtualTime, id: string, wayMs: number, shared: ReturnType<typeof sharedText>): LedgerWriter {
  const call = async <T>(effect: () => T): Promise<T> => {
    await time.sleep(wayMs)
    const result = effect()
    await time.sleep(wayMs)
    return result
  }
  return ledgerWriter({
    id,
    store: textStore({
      read: () => call(() => shared.read()),
      replace: (_tree, version, next) => call(() => shared.replace(version, next)),
    }),
    quotas: () => QUOTAS,
    clock: time,
    timer: time,
    pendingMs: 1_000_000,
    gangHoldMs: 1_000_000,
    maxCharges: 1_000_000,
    retryAfterMs: 1,
  })
}
