/** What room nodes have, and whether waiting pods find one: quota that is free in pieces serves nobody who needs it in one (kueue#5243). */
import { add, subtract, ZERO } from '../../quantity/amount.ts'
import { difference, NO_AMOUNTS, sum } from '../../quota/holding.ts'
import type { Amounts } from '../../quota/usage.ts'
import type { HeldPod, NodeShape, Snapshot } from '../snapshot.ts'
import { sizeOf } from '../units.ts'

export interface Room {
  /** By the name of a node, in the order of names; negative where more runs there than it has. */
  readonly onNodes: ReadonlyMap<string, Amounts>
  /** Of these, the nodes with room for anything: in a full cluster few of many. */
  readonly open: ReadonlyMap<string, Amounts>
}

export interface Rooms {
  /** What nobody uses. */
  readonly free: Room
  /** What nobody would use if all that can be taken back were. */
  readonly clear: Room
  /** Who runs there and may be taken back. */
  readonly takeable: ReadonlyMap<string, readonly HeldPod[]>
}

export function roomsOf(nodes: readonly NodeShape[], { pods, book }: Snapshot): Rooms {
  const { tenants } = book.quota
  const takeable = new Map<string, HeldPod[]>(nodes.map(({ name }) => [name, []]))
  const lasting = new Map<string, HeldPod[]>(nodes.map(({ name }) => [name, []]))
  for (const pod of pods) {
    if (pod.isLeaving || pod.node === null) continue
    const isLasting = pod.tier === 'reserved' && tenants.has(pod.tenant)
    ;(isLasting ? lasting : takeable).get(pod.node)?.push(pod)
  }
  const shapes = nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const clear = shapes.map(({ name, amounts }) => [name, less(amounts, lasting.get(name) ?? [])] as const)
  const free = clear.map(([name, amounts]) => [name, less(amounts, takeable.get(name) ?? [])] as const)
  return { free: roomOf(free), clear: roomOf(clear), takeable }
}

function roomOf(nodes: readonly (readonly [name: string, amounts: Amounts])[]): Room {
  const open = nodes.filter(([, amounts]) => amounts.values().some(amount => amount > ZERO))
  return { onNodes: new Map(nodes), open: new Map(open) }
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

/** Each pod on the first node that has room, the largest pods first, and first where somebody leaves for them. */
export function housedIn(room: Room, gains: Gains, pods: readonly Amounts[]): Housed {
  let left = gains
  for (const asked of pods.toSorted(largestFirst)) {
    const has = (name: string) => hasRoom(room, left, name, asked)
    const node = left.keys().find(has) ?? room.open.keys().find(has)
    if (node === undefined) return { gains: left, homeless: asked }
    left = new Map(left).set(node, difference(left.get(node) ?? NO_AMOUNTS, asked))
  }
  return { gains: left, homeless: null }
}

/** Whether a node has room for all of this at once. */
export function hasRoom({ onNodes }: Room, gains: Gains, node: string, asked: Amounts): boolean {
  const [free, more] = [onNodes.get(node), gains.get(node)]
  if (free === undefined) return false
  return asked.entries().every(([key, amount]) => amount <= add(free.get(key) ?? ZERO, more?.get(key) ?? ZERO))
}

function largestFirst(a: Amounts, b: Amounts): number {
  const [first, second] = [sizeOf(a), sizeOf(b)]
  if (first === second) return 0
  return first > second ? -1 : 1
}
