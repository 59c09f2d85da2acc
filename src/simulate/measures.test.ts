import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retryAfterMs } from './back-off.ts'
import { jainIndex } from './fairness.ts'
import { newJob } from './job.ts'
import { meterOver } from './meter.ts'
import { spreadOf } from './spread.ts'
import { podOf } from './testing.ts'

test("Jain's index is 1 where all have the same by weight, and falls to 1/n where one has everything", () => {
  const of = (held: number, wanted: number, weight = 1) => ({ held, wanted, weight })
  const cases = [
    { name: 'even', tenants: [of(2, 1), of(2, 0)], want: 1 },
    { name: 'even by weight', tenants: [of(4, 1, 2), of(2, 0)], want: 1 },
    { name: 'one of two has all', tenants: [of(4, 0), of(0, 1)], want: 0.5 },
    { name: 'one of four has all', tenants: [of(4, 1), of(0, 1), of(0, 1), of(0, 1)], want: 0.25 },
    { name: 'who asks for nothing is not counted', tenants: [of(2, 1), of(2, 0), of(0, 0)], want: 1 },
    { name: 'nobody is refused', tenants: [of(4, 0), of(1, 0)], want: null },
    { name: 'nobody else is there', tenants: [of(4, 1)], want: null },
  ]
  for (const { name, tenants, want } of cases) assert.equal(jainIndex(tenants), want, name)
})

test('a spread is of those who waited, and its quantiles are waits that somebody had', () => {
  assert.deepEqual(spreadOf([0, 30, 10, 0, 20]), { all: 5, waited: 3, p50Ms: 20, p99Ms: 30, maxMs: 30 })
  assert.deepEqual(spreadOf([0, 0]), { all: 2, waited: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 })
})

test('controllers try again after twice as long each time, and at least every 1,000 s', () => {
  const waits = Array.from({ length: 12 }, (_, index) => retryAfterMs(index + 1))
  assert.deepEqual(waits.slice(0, 3), [1_280, 2_560, 5_120])
  assert.deepEqual(waits.slice(-2), [1_000_000, 1_000_000])
})

test('use is integrated exactly within the window, and in all', () => {
  const pod = { ...podOf('p', { tier: 'burst', size: { gpus: 2, milliOfEach: 1000 } }), namespace: 'n', tenant: 't' }
  const meter = meterOver({ fromMs: 1_000, toMs: 3_400 }, new Map([['t', 1]]))
  const job = newJob(pod)
  const refused = { kind: 'refused', sinceMs: 500, lastMs: 500, attempts: 1, retryAtMs: 0 } as const
  const seat = { node: 'a', class: 'c', gpus: [0, 1], milliOfEach: 1000 }
  const run = { seat, startedAtMs: 1_250 }
  const held = {
    kind: 'held',
    uid: 'p.1',
    class: 'c',
    tier: 'burst',
    admittedAtMs: 1_250,
    isOwed: false,
    notice: null,
    isLeaving: false,
  } as const
  meter.moved(job, refused, 500)
  job.stage = refused
  meter.moved(job, { ...held, run }, 1_250)
  job.stage = { ...held, run }
  meter.lost(job, 1_000, 2_250)
  meter.moved(job, { kind: 'done' }, 4_250)
  const { used, usedInWindow, lost, lostInWindow, curves } = meter.read()
  assert.deepEqual([used, usedInWindow], [2_000 * 3_000, 2_000 * 2_150])
  assert.deepEqual([lost, lostInWindow], [2_000 * 1_000, 2_000 * 1_000])
  assert.deepEqual([curves.waiting[24], curves.waiting[25]], [2_000, 0])
  assert.deepEqual([curves.inUse[24], curves.inUse[25], curves.inUse[239]], [0, 2_000, 2_000])
})

test('fairness is a mean over the time in which burst is contended, part by part and in all', () => {
  const meter = meterOver(
    { fromMs: 0, toMs: 2_400 },
    new Map([
      ['t', 1],
      ['u', 1],
    ]),
  )
  const burst = (name: string, tenant: string) =>
    newJob({ ...podOf(name, { tier: 'burst' }), namespace: tenant, tenant })
  const refusedAt = (sinceMs: number) =>
    ({ kind: 'refused', sinceMs, lastMs: sinceMs, attempts: 1, retryAtMs: 0 }) as const
  const [holder, wanting] = [burst('a', 't'), burst('b', 'u')]
  const held = { kind: 'held', class: 'c', tier: 'burst', isOwed: false, run: null, notice: null } as const
  const admitted = (uid: string, admittedAtMs: number) => ({ ...held, uid, admittedAtMs, isLeaving: false })
  meter.moved(holder, admitted('a', 0), 0)
  holder.stage = admitted('a', 0)
  meter.moved(wanting, refusedAt(15), 15)
  wanting.stage = refusedAt(15)
  meter.moved(wanting, { kind: 'done' }, 30)
  const { fairness, curves } = meter.read()
  assert.equal(fairness, 0.5)
  assert.deepEqual(curves.fairness.slice(0, 4), [null, 0.5, 0.5, null])
})
