/** What room nodes have, and whether waiting pods find one: quota that is free in pieces serves nobody who needs it in one (kueue#5243). */
import { add, subtract, ZERO } from '../../quantity/amount.ts'
import { difference, NO_AMOUNTS, sum } from '../../quota/holding.ts'
import { type Amounts, sameAmounts } from '../../quota/usage.ts'
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
  /** The first pod that finds no node. */
  readonly homeless: Amounts | null
  /** With it, those that were not asked. */
  readonly left: readonly Amounts[]
}

/** Each pod on the first node that has room, the largest pods first, and first where somebody leaves for them. */
export function housedIn(room: Room, gains: Gains, pods: readonly Amounts[]): Housed {
  const left = new Map(gains)
  const waiting = pods.toSorted(largestFirst)
  let names = namesOf(left, room)
  let here: string | undefined
  let before: Amounts | undefined
  for (const [at, asked] of waiting.entries()) {
    // Where there was no room for one, there is none for the next that is like it: all of a gang cost one walk along the nodes.
    if (before === undefined || !sameAmounts(before, asked)) {
      names = namesOf(left, room)
      here = names.next().value
    }
    while (here !== undefined && !hasRoom(room, left, here, asked)) here = names.next().value
    if (here === undefined) return { gains: left, homeless: asked, left: waiting.slice(at) }
    left.set(here, difference(left.get(here) ?? NO_AMOUNTS, asked))
    before = asked
  }
  return { gains: left, homeless: null, left: [] }
}

function* namesOf(gains: Gains, { open }: Room): Generator<string, undefined> {
  yield* gains.keys()
  yield* open.keys()
}

/** Whether a node has room for all of this at once. */
export function hasRoom({ onNodes }: Room, gains: Gains, node: string, asked: Amounts): boolean {
  const [free, more] = [onNodes.get(node), gains.get(node)]
  if (free === undefined) return false
  return asked.entries().every(([key, amount]) => amount <= add(free.get(key) ?? ZERO, more?.get(key) ?? ZERO))
}

/** How much of this a node has no room for. */
export function shortOf({ onNodes }: Room, gains: Gains, node: string, asked: Amounts): bigint {
  const [free, more] = [onNodes.get(node), gains.get(node)]
  return asked.entries().reduce((short, [key, amount]) => {
    const missing = subtract(amount, add(free?.get(key) ?? ZERO, more?.get(key) ?? ZERO))
    return missing > ZERO ? short + missing : short
  }, 0n)
}

function largestFirst(a: Amounts, b: Amounts): number {
  if (a === b) return 0
  const [first, second] = [sizeOf(a), sizeOf(b)]
  if (first === second) return 0
  return first > second ? -1 : 1
}
