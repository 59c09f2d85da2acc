/** What room nodes have, and whether waiting pods find one: quota that is free in pieces serves nobody who needs it in one (kueue#5243). */
import { add, subtract, ZERO } from '../quantity/amount.ts'
import { difference, NO_AMOUNTS, sum } from '../quota/holding.ts'
import type { Amounts } from '../quota/usage.ts'
import type { HeldPod, NodeShape, Snapshot } from './snapshot.ts'
import { sizeOf } from './units.ts'

/** By the name of a node, in the order of names; negative where more runs there than it has. */
type Room = ReadonlyMap<string, Amounts>

export interface Rooms {
  /** What nobody uses. */
  readonly free: Room
  /** What nobody would use if all that can be taken back were. */
  readonly clear: Room
  /** Who runs there and may be taken back. */
  readonly takeable: ReadonlyMap<string, readonly HeldPod[]>
}

export function roomsOf(nodes: readonly NodeShape[], { pods, book }: Snapshot): Rooms {
  const staying = pods.filter(({ isLeaving, node }) => !isLeaving && node !== null)
  const isTakeable = ({ tier, tenant }: HeldPod) => tier !== 'reserved' || !book.quota.tenants.has(tenant)
  const takeable = Map.groupBy(staying.filter(isTakeable), ({ node }) => node ?? '')
  const lasting = Map.groupBy(
    staying.filter(pod => !isTakeable(pod)),
    ({ node }) => node ?? '',
  )
  const shapes = nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const clear = new Map(shapes.map(({ name, amounts }) => [name, less(amounts, lasting.get(name) ?? [])]))
  const free = new Map([...clear].map(([name, amounts]) => [name, less(amounts, takeable.get(name) ?? [])]))
  return { free, clear, takeable }
}

function less(all: Amounts, pods: readonly HeldPod[]): Amounts {
  if (pods.length === 0) return all
  const left = new Map(all)
  for (const { amounts } of pods) {
    for (const [key, amount] of amounts) left.set(key, subtract(left.get(key) ?? ZERO, amount))
  }
  return left
}

/** By node, what victims leave, less what is promised to those who wait. */
export type Gains = ReadonlyMap<string, Amounts>

export function gained(gains: Gains, pods: Iterable<HeldPod>): Gains {
  const result = new Map(gains)
  for (const { node, amounts } of pods) {
    if (node !== null) result.set(node, sum(result.get(node) ?? NO_AMOUNTS, amounts))
  }
  return result
}

export interface Housed {
  /** What it leaves. */
  readonly gains: Gains
  /** The first pod that finds no node; those after it were not asked. */
  readonly homeless: Amounts | null
}

/** Each pod on the first node that has room, the largest pods first. */
export function housedIn(room: Room, gains: Gains, pods: readonly Amounts[]): Housed {
  let left = gains
  for (const asked of pods.toSorted(largestFirst)) {
    const node = room.keys().find(name => hasRoom(room, left, name, asked))
    if (node === undefined) return { gains: left, homeless: asked }
    left = new Map(left).set(node, difference(left.get(node) ?? NO_AMOUNTS, asked))
  }
  return { gains: left, homeless: null }
}

/** Whether a node has room for all of this at once. */
export function hasRoom(room: Room, gains: Gains, node: string, asked: Amounts): boolean {
  const [free, more] = [room.get(node), gains.get(node)]
  return asked.entries().every(([key, amount]) => amount <= add(free?.get(key) ?? ZERO, more?.get(key) ?? ZERO))
}

function largestFirst(a: Amounts, b: Amounts): number {
  const [first, second] = [sizeOf(a), sizeOf(b)]
  if (first === second) return 0
  return first > second ? -1 : 1
}
