/**
 * Several writers of one ledger: 64 clients that ask again as soon as they are answered, over a store that takes about 3 ms for
 * a write, as text. Once in real time, where the processor is part of it, and once in virtual time, where only the protocol
 * counts and the same seed gives the same figures on every machine. Run by `quota.ts`; prints its tables.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { chargeForOthers, forwardingWriter, type Leader } from '../../src/quota/forward.ts'
import { podTally } from '../../src/quota/tally.ts'
import { amounts, cohort, compiled, request, tenant } from '../../src/quota/testing.ts'
import { type TextStore, textStore } from '../../src/quota/text-store.ts'
import type { Versioned } from '../../src/quota/versions.ts'
import { type LedgerWriter, ledgerWriter } from '../../src/quota/writer.ts'
import { chance as chanceOf } from '../load/chance.ts'
import { virtualTime } from '../load/virtual-time.ts'
import { range, tenantName, uidOf } from './quota-cluster.ts'
import { markdown, median, percentile } from './statistics.ts'

const CLIENTS = 64
const RUN_MS = 1_200
const VIRTUAL_RUN_MS = 500
const ROUNDS = 3
const RECOUNT_MS = 100
const TENANTS = 100
const PLENTY = 1_000_000_000

const QUOTAS = compiled(
  [cohort('c', { h100: { capacity: 2 * PLENTY * TENANTS } })],
  range(TENANTS).map(at => tenant(tenantName(at), 'c', { h100: { reserved: PLENTY } })),
)

interface Setting {
  readonly writers: number
  readonly yieldedWrites: number
  /** All but the first hand their charges to the first. */
  readonly forwards?: true
}

interface Run {
  readonly perSecond: number
  readonly writesPerCharge: number
  readonly conflictsPerWrite: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly longestMs: number
  /** What the writer got that got least, of what the one got that got most. */
  readonly fairness: number
  readonly writeMs: number
}

/** Where time comes from. */
interface Pace {
  now(): number
  sleep(ms: number): Promise<void>
  at(atMs: number, ring: () => void): () => void
  /** One way of a call, in ms: half of what a write takes. */
  wayMs(of: 'read' | 'write'): number
  until(end: Promise<unknown>): Promise<void>
}

const SETTINGS: readonly Setting[] = [
  { writers: 1, yieldedWrites: 2 },
  ...[0, 1, 2, 3].map(yieldedWrites => ({ writers: 3, yieldedWrites })),
  { writers: 3, yieldedWrites: 2, forwards: true },
]

console.log(await compared('real time', RUN_MS, realPace))
console.log(`\n${await compared('virtual time', VIRTUAL_RUN_MS, virtualPace)}`)

async function compared(title: string, forMs: number, paceOf: (round: number) => Pace): Promise<string> {
  const runs = SETTINGS.map(setting => ({ setting, results: [] as Run[] }))
  for (const { setting } of runs) await measure(setting, forMs / 3, paceOf(0))
  // In turns, so that what else the machine does meets all of them.
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const { setting, results } of runs) results.push(await measure(setting, forMs, paceOf(round)))
  }
  const head = [
    'charges/s',
    'writes per charge',
    'conflicts per write',
    'p50 ms',
    'p99 ms',
    'longest ms',
    'fairness',
    'a write, ms',
  ]
  return markdown([[title, ...head], ...runs.map(({ setting, results }) => rowOf(setting, results))])
}

function nameOf({ writers, yieldedWrites, forwards }: Setting): string {
  if (writers === 1) return '1 writer'
  return `${writers} writers, ${forwards === true ? 'of which two forward' : `yielding ${yieldedWrites} writes`}`
}

function rowOf(setting: Setting, results: readonly Run[]): readonly string[] {
  const of = (figure: keyof Run, digits = 0) => median(results.map(run => run[figure])).toFixed(digits)
  return [
    nameOf(setting),
    of('perSecond'),
    of('writesPerCharge', 3),
    of('conflictsPerWrite', 2),
    of('p50Ms'),
    of('p99Ms'),
    of('longestMs'),
    of('fairness', 2),
    of('writeMs', 1),
  ]
}

function realPace(round: number): Pace {
  const chance = chanceOf(round)
  return {
    now: () => Date.now(),
    sleep: ms => sleep(ms),
    at(atMs, ring) {
      const timeout = setTimeout(ring, Math.max(0, atMs - Date.now()))
      return () => clearTimeout(timeout)
    },
    // Whole numbers, as a timer has no others; not always the same, or all writers would march in step.
    wayMs: of => (of === 'write' ? chance.between(1, 2) : 1),
    async until(end) {
      await end
    },
  }
}

function virtualPace(seed: number): Pace {
  const [time, chance] = [virtualTime(), chanceOf(seed)]
  return {
    ...time,
    // One call in a hundred takes ten times as long.
    wayMs: of => (of === 'write' ? chance.between(1, 2) : chance.between(0, 1)) * (chance.oneIn(100) ? 10 : 1),
    async until(end) {
      await time.run(() => false)
      await end
    },
  }
}

async function measure({ writers: count, ...setting }: Setting, forMs: number, pace: Pace): Promise<Run> {
  const store = slowStore(pace)
  const own = range(count).map(at => writerOf(`w${at}`, store.texts, setting.yieldedWrites, pace))
  const writers = setting.forwards === true ? own.map((writer, at) => forwardedBy(writer, at, own, pace)) : own
  const tally = podTally()
  const tookMs = writers.map((): number[] => [])
  const untilMs = pace.now() + forMs
  let pods = 0

  async function client(at: number): Promise<void> {
    const writer = writers[at % count]
    while (writer !== undefined && pace.now() < untilMs) {
      const [uid, ofTenant] = [uidOf(pods++), tenantName(pods % TENANTS)]
      const askedMs = pace.now()
      const verdict = await writer.charge(request(uid, ofTenant, { h100: 1000 }, 'reserved'), pace.now() + 10_000)
      if (verdict.kind !== 'charged') throw new Error(`${verdict.kind} where there is room for all`)
      tookMs[at % count]?.push(pace.now() - askedMs)
      tally.seen(
        { uid, tenant: ofTenant, tier: 'reserved', amounts: amounts({ h100: 1000 }), gang: null },
        BigInt(pods),
      )
    }
  }

  async function leader(writer: LedgerWriter): Promise<void> {
    while (pace.now() < untilMs) {
      await pace.sleep(RECOUNT_MS)
      const view = tally.view(pace.now())
      await writer.amend('c', [{ kind: 'recount', view }])
      tally.stored(view)
    }
  }

  const [first] = writers
  await pace.until(Promise.all([...range(CLIENTS).map(client), ...(first === undefined ? [] : [leader(first)])]))
  const all = Float64Array.from(tookMs.flat()).sort()
  const shares = tookMs.map(({ length }) => length)
  return {
    perSecond: all.length / (forMs / 1000),
    writesPerCharge: store.writes() / all.length,
    conflictsPerWrite: store.conflicts() / store.writes(),
    p50Ms: percentile(all, 0.5),
    p99Ms: percentile(all, 0.99),
    longestMs: all.at(-1) ?? Number.NaN,
    fairness: Math.min(...shares) / Math.max(...shares),
    writeMs: store.writeMs(),
  }
}

function writerOf(id: string, texts: TextStore, yieldedWrites: number, pace: Pace): LedgerWriter {
  return ledgerWriter({
    id,
    store: textStore(texts),
    quotas: () => QUOTAS,
    clock: pace,
    timer: pace,
    pendingMs: 60_000,
    gangHoldMs: 60_000,
    maxCharges: 10_000,
    retryAfterMs: 500,
    yieldedWrites,
  })
}

/** The first writer as the others reach it, 1 ms away. */
function forwardedBy(writer: LedgerWriter, at: number, [first]: readonly LedgerWriter[], pace: Pace): LedgerWriter {
  if (at === 0 || first === undefined) return writer
  const leader: Leader = {
    async charge(requests, deadlineMs) {
      await pace.sleep(1)
      const answers = await chargeForOthers(first, requests, deadlineMs)
      await pace.sleep(1)
      return answers
    },
  }
  return forwardingWriter({ own: writer, leader: () => leader, clock: pace, timer: pace, patienceMs: 1_000 })
}

/** A write takes effect half-way. */
function slowStore(pace: Pace) {
  let stored: Versioned<string> = { version: '0', value: '' }
  const tookMs: number[] = []
  let conflicts = 0
  const texts: TextStore = {
    async read() {
      await pace.sleep(pace.wayMs('read'))
      const read = stored
      await pace.sleep(pace.wayMs('read'))
      return read
    },
    async replace(_tree, version, next) {
      const before = pace.now()
      await pace.sleep(pace.wayMs('write'))
      const isCurrent = version === stored.version
      if (isCurrent) stored = { version: String(Number(version) + 1), value: next }
      else conflicts += 1
      const written = stored
      await pace.sleep(pace.wayMs('write'))
      if (!isCurrent) return 'conflict'
      tookMs.push(pace.now() - before)
      return written
    },
  }
  return { texts, writes: () => tookMs.length, conflicts: () => conflicts, writeMs: () => median(tookMs) }
}
