/**
 * What is measured while the replay goes on. Whatever changes over time is integrated exactly, from change to change, within a window:
 * outside of it the cluster fills and drains, and says little.
 */
import { type BurstOf, jainIndex } from './fairness.ts'
import { type Footprint, footprintOf } from './footprint.ts'
import { type Job, milliOf, type Stage } from './job.ts'

export interface Window {
  readonly fromMs: number
  readonly toMs: number
}

export interface Meter {
  /** A job is about to go from one stage to another. */
  moved(job: Job, after: Stage, nowMs: number): void
  /** A pod was evicted that had run for so long. */
  lost(job: Job, ranMs: number, nowMs: number): void
  read(): Reading
}

export interface Reading {
  readonly window: Window
  /** GPU time in use, in milli-GPU milliseconds: in the window, and in all. */
  readonly usedInWindow: number
  readonly used: number
  /** GPU time of pods that were evicted, from their start: in the window, and in all. */
  readonly lostInWindow: number
  readonly lost: number
  /** Time-weighted mean of Jain's index while burst was contended; null where it never was. */
  readonly fairness: number | null
  readonly curves: Curves
}

/** Means over equal parts of the window, in milli-GPUs but for the last. */
export interface Curves {
  readonly inUse: readonly number[]
  readonly waiting: readonly number[]
  /** Of that, reserved capacity that was lent out. */
  readonly owed: readonly number[]
  /** Jain's index, over the time of a part in which burst was contended; null where it was not. */
  readonly fairness: readonly (number | null)[]
}

const PARTS = 240

export function meterOver(window: Window, weights: ReadonlyMap<string, number>): Meter {
  const inUse = new Float64Array(PARTS)
  const waiting = new Float64Array(PARTS)
  const owed = new Float64Array(PARTS)
  const fairness = { sum: new Float64Array(PARTS), ms: new Float64Array(PARTS) }
  const partMs = Math.max(1, window.toMs - window.fromMs) / PARTS
  const tenants = new Map(
    [...weights].map(([tenant, weight]): [string, BurstOf] => [tenant, { held: 0, wanted: 0, weight }]),
  )
  const now = { inUse: 0, waiting: 0, owed: 0 }
  const lost = { inWindow: 0, inAll: 0 }
  let lastMs = 0
  let used = 0

  /** Everything was as it is from the last change until now. */
  function advance(toMs: number): void {
    const from = Math.max(lastMs, window.fromMs)
    const to = Math.min(toMs, window.toMs)
    used += now.inUse * (toMs - lastMs)
    lastMs = toMs
    if (to <= from) return
    const index = jainIndex(tenants.values())
    for (const { part, ms } of parts(from - window.fromMs, to - window.fromMs, partMs)) {
      inUse[part] = (inUse[part] ?? 0) + now.inUse * ms
      waiting[part] = (waiting[part] ?? 0) + now.waiting * ms
      owed[part] = (owed[part] ?? 0) + now.owed * ms
      if (index === null) continue
      fairness.sum[part] = (fairness.sum[part] ?? 0) + index * ms
      fairness.ms[part] = (fairness.ms[part] ?? 0) + ms
    }
  }

  function add({ pod: { tenant } }: Job, footprint: Footprint, sign: 1 | -1): void {
    now.inUse += sign * footprint.inUse
    now.waiting += sign * footprint.waiting
    now.owed += sign * footprint.owed
    const burst = tenants.get(tenant)
    if (burst === undefined) return
    const [held, wanted] = [burst.held + sign * footprint.burst, burst.wanted + sign * footprint.burstWanted]
    tenants.set(tenant, { ...burst, held, wanted })
  }

  return {
    moved(job, after, nowMs) {
      if (nowMs > lastMs) advance(nowMs)
      add(job, footprintOf(job, job.stage), -1)
      add(job, footprintOf(job, after), 1)
    },
    lost(job, ranMs, nowMs) {
      const time = milliOf(job) * ranMs
      lost.inAll += time
      if (nowMs >= window.fromMs && nowMs <= window.toMs) lost.inWindow += time
    },
    read() {
      advance(Math.max(lastMs, window.toMs))
      return {
        window,
        usedInWindow: total(inUse),
        used,
        lostInWindow: lost.inWindow,
        lost: lost.inAll,
        fairness: ratio(total(fairness.sum), total(fairness.ms)),
        curves: {
          inUse: means(inUse, partMs),
          waiting: means(waiting, partMs),
          owed: means(owed, partMs),
          fairness: [...fairness.sum].map((sum, part) => ratio(sum, fairness.ms[part] ?? 0)),
        },
      }
    },
  }
}

function total(sums: Float64Array): number {
  return sums.reduce((sum, each) => sum + each, 0)
}

function ratio(sum: number, ms: number): number | null {
  return ms === 0 ? null : sum / ms
}

function means(sums: Float64Array, partMs: number): readonly number[] {
  return [...sums].map(sum => sum / partMs)
}

/** A stretch of time, cut where one part of the window ends and the next begins. */
function* parts(
  fromMs: number,
  toMs: number,
  partMs: number,
): Generator<{ readonly part: number; readonly ms: number }> {
  for (let part = Math.floor(fromMs / partMs); part < PARTS; part += 1) {
    const from = Math.max(fromMs, part * partMs)
    const to = Math.min(toMs, (part + 1) * partMs)
    if (to > from) yield { part, ms: to - from }
    if (to >= toMs) return
  }
}
