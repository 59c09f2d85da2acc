/** Time that passes only from event to event, so that hours of load take seconds and the same seed gives the same run. */
import { setImmediate } from 'node:timers/promises'

export interface VirtualTime {
  /** Milliseconds since the epoch. */
  now(): number
  /** Rings at the time, and never before `at` has returned. */
  at(atMs: number, ring: () => void): () => void
  sleep(ms: number): Promise<void>
  /** Lets event after event happen until none is left, or nobody wants to see more. */
  run(isEnough: () => boolean): Promise<void>
}

const START_MS = 1_000_000_000

interface Alarm {
  readonly atMs: number
  /** Of two at the same time, the one that was set first rings first. */
  readonly turn: number
  ring: (() => void) | undefined
}

export function virtualTime(): VirtualTime {
  const alarms: Alarm[] = []
  let nowMs = START_MS
  let turns = 0

  const at = (atMs: number, ring: () => void) => {
    const alarm: Alarm = { atMs: Math.max(atMs, nowMs), turn: turns++, ring }
    push(alarms, alarm)
    return () => {
      alarm.ring = undefined
    }
  }

  return {
    now: () => nowMs,
    at,
    sleep: ms => new Promise(resolve => at(nowMs + ms, resolve)),
    async run(isEnough) {
      // All that is promised because of one event has settled before the next one happens.
      await setImmediate()
      for (let next = pop(alarms); next !== undefined && !isEnough(); next = pop(alarms)) {
        // Most deadlines are cancelled: nothing happens then, and no time passes.
        if (next.ring === undefined) continue
        nowMs = next.atMs
        next.ring()
        await setImmediate()
      }
    },
  }
}

function isBefore(a: Alarm, b: Alarm): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.turn < b.turn)
}

// A binary heap: thousands of deadlines wait at any time.
function push(heap: Alarm[], alarm: Alarm): void {
  let at = heap.length
  heap.push(alarm)
  while (at > 0) {
    const above = (at - 1) >> 1
    const parent = heap[above]
    if (parent === undefined || !isBefore(alarm, parent)) break
    heap[at] = parent
    heap[above] = alarm
    at = above
  }
}

function pop(heap: Alarm[]): Alarm | undefined {
  const [top] = heap
  const last = heap.pop()
  if (last === undefined || last === top) return top
  heap[0] = last
  for (let at = 0; ; ) {
    const [left, right] = [2 * at + 1, 2 * at + 2]
    const least = [left, right].reduce((best, child) => (isLess(heap, child, best) ? child : best), at)
    if (least === at) return top
    swap(heap, at, least)
    at = least
  }
}

function isLess(heap: readonly Alarm[], a: number, b: number): boolean {
  const [one, other] = [heap[a], heap[b]]
  return one !== undefined && other !== undefined && isBefore(one, other)
}

function swap(heap: Alarm[], a: number, b: number): void {
  const [one, other] = [heap[a], heap[b]]
  if (one === undefined || other === undefined) return
  heap[a] = other
  heap[b] = one
}
