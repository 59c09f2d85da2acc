/** Whether nodes have room for all who wait, with those gone who give back: quota without a node helps nobody (kueue#5243). */
import type { Scene, Served } from './course.ts'
import { classesOf, type Sums, totalOf } from './sums.ts'
import type { Unit } from './units.ts'
import { waitingFor } from './waiting.ts'

/** So many nodes with as much free, class by class. */
interface Alike {
  readonly free: readonly bigint[]
  count: number
}

type Nodes = Map<string, Alike>

// Pods of one size are placed without a wrong turn. Where sizes are mixed so that this many turns do not suffice, nothing is promised.
const MOST_TURNS = 20_000

/** Whether all who wait for these needs find a node at once, if `spared` stays. Where nobody knows the nodes, none is looked for. */
export function isPlaced(scene: Scene, course: readonly Served[], spared: Unit | null = null): boolean {
  const { nodes } = scene.snapshot
  const waiting = waitingFor(scene, course)
  const keys = classesOf(totalOf(waiting))
  if (nodes === null || keys.length === 0) return true
  const inOrder = waiting.map(pod => vector(keys, pod)).toSorted((a, b) => descending(size(a), size(b)))
  let turns = 0
  const place = (left: Nodes, next: number): boolean => {
    const pod = inOrder[next]
    if (pod === undefined) return true
    return tightestFirst(left, pod).some(node => {
      turns += 1
      if (turns > MOST_TURNS) return false
      const rest = node.free.map((free, index) => free - (pod[index] ?? 0n))
      move(left, node.free, rest)
      const isDone = place(left, next + 1)
      move(left, rest, node.free)
      return isDone
    })
  }
  return place(freeNodes(scene, course, spared, keys), 0)
}

function freeNodes(
  { snapshot }: Scene,
  course: readonly Served[],
  spared: Unit | null,
  keys: readonly string[],
): Nodes {
  const going = new Set(
    course.flatMap(({ units }) => units.filter(unit => unit.key !== spared?.key).flatMap(unit => unit.pods)),
  )
  const free = new Map((snapshot.nodes ?? []).map(({ name, amounts }) => [name, [...vector(keys, amounts)]]))
  for (const pod of snapshot.pods) {
    const left = pod.node === null || pod.isLeaving || going.has(pod) ? undefined : free.get(pod.node)
    if (left !== undefined)
      for (const [index, key] of keys.entries()) left[index] = (left[index] ?? 0n) - (pod.amounts.get(key) ?? 0n)
  }
  const alike: Nodes = new Map()
  for (const each of free.values()) put(alike, each, 1)
  return alike
}

/** Nodes that are left with least first, so that large pods find large ones. */
function tightestFirst(nodes: Nodes, pod: readonly bigint[]): readonly Alike[] {
  return [...nodes.values()]
    .filter(({ free, count }) => count > 0 && free.every((amount, index) => amount >= (pod[index] ?? 0n)))
    .toSorted((a, b) => descending(size(b.free), size(a.free)) || (String(a.free) < String(b.free) ? -1 : 1))
}

function move(nodes: Nodes, from: readonly bigint[], to: readonly bigint[]): void {
  put(nodes, from, -1)
  put(nodes, to, 1)
}

function put(nodes: Nodes, free: readonly bigint[], count: number): void {
  const known = nodes.get(String(free))
  if (known === undefined) nodes.set(String(free), { free, count })
  else known.count += count
}

function vector(keys: readonly string[], amounts: Sums): readonly bigint[] {
  return keys.map(key => amounts.get(key) ?? 0n)
}

function size(amounts: readonly bigint[]): bigint {
  return amounts.reduce((sum, amount) => sum + amount, 0n)
}

function descending(a: bigint, b: bigint): number {
  if (a === b) return 0
  return a > b ? -1 : 1
}
