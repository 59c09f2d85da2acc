/** Whether nodes have room for all who wait, with those gone who give back: quota without a node helps nobody (kueue#5243). */

import { type Alike, freeNodes, moved, type Nodes, vector } from '../counting/nodes.ts'
import { classesOf, type Sums, totalOf } from '../counting/sums.ts'
import type { Scene, Served } from '../course.ts'
import type { Unit } from '../units.ts'
import { waitingFor } from './waiting.ts'

export interface Placing {
  /** Whether all who wait for these needs find a node at once, if `spared` stays. Where nobody knows the nodes, none is looked for. */
  isPlaced(course: readonly Served[], spared?: Unit): boolean
}

export function placingOf(scene: Scene): Placing {
  const { snapshot } = scene
  const known = new Map<string, Nodes>()
  const nodesFor = (keys: readonly string[]): Nodes => {
    const nodes = known.get(String(keys)) ?? freeNodes(snapshot, keys)
    known.set(String(keys), nodes)
    return nodes
  }
  return {
    isPlaced(course, spared) {
      const waiting = waitingFor(scene, course)
      const keys = classesOf(totalOf(waiting))
      if (snapshot.nodes === null || keys.length === 0) return true
      const going = course.flatMap(({ units }) => units.filter(({ key }) => key !== spared?.key))
      const left = nodesFor(keys).without(going.flatMap(({ pods }) => pods))
      return isRoomForAll(left, largestFirst(keys, waiting))
    },
  }
}

// Where sizes are mixed so that this many turns do not suffice, or for so many pods that trying would go too deep, nothing is promised.
const MOST_TURNS = 20_000
const MOST_PODS = 1000

/** Pods of one size are placed without a wrong turn, however many there are. */
function isRoomForAll(nodes: Map<string, Alike>, pods: readonly (readonly bigint[])[]): boolean {
  return (
    isRoomAtOnce(new Map([...nodes].map(([key, alike]) => [key, { ...alike }])), pods) || isRoomInTurns(nodes, pods)
  )
}

function isRoomAtOnce(nodes: Map<string, Alike>, pods: readonly (readonly bigint[])[]): boolean {
  return pods.every(pod => {
    const [tightest] = tightestFirst(nodes, pod)
    if (tightest !== undefined) moved(nodes, tightest.free, less(tightest.free, pod))
    return tightest !== undefined
  })
}

function isRoomInTurns(nodes: Map<string, Alike>, pods: readonly (readonly bigint[])[]): boolean {
  if (pods.length > MOST_PODS) return false
  let turns = 0
  const place = (next: number): boolean => {
    const pod = pods[next]
    if (pod === undefined) return true
    return tightestFirst(nodes, pod).some(({ free }) => {
      turns += 1
      if (turns > MOST_TURNS) return false
      const rest = less(free, pod)
      moved(nodes, free, rest)
      const isDone = place(next + 1)
      moved(nodes, rest, free)
      return isDone
    })
  }
  return place(0)
}

function less(free: readonly bigint[], pod: readonly bigint[]): readonly bigint[] {
  return free.map((amount, index) => amount - (pod[index] ?? 0n))
}

/** Nodes that are left with least first, so that large pods find large ones. */
function tightestFirst(nodes: ReadonlyMap<string, Alike>, pod: readonly bigint[]): readonly Alike[] {
  return [...nodes.values()]
    .filter(({ free, count }) => count > 0 && hasRoom(free, pod))
    .toSorted((a, b) => ascending(size(a.free), size(b.free)) || (String(a.free) < String(b.free) ? -1 : 1))
}

/** Of a class that it does not ask for, there may be less than nothing. */
function hasRoom(free: readonly bigint[], pod: readonly bigint[]): boolean {
  return pod.every((asked, index) => asked === 0n || asked <= (free[index] ?? 0n))
}

function largestFirst(keys: readonly string[], pods: readonly Sums[]): readonly (readonly bigint[])[] {
  return pods.map(pod => vector(keys, pod)).toSorted((a, b) => ascending(size(b), size(a)))
}

function size(amounts: readonly bigint[]): bigint {
  return amounts.reduce((sum, amount) => sum + amount, 0n)
}

function ascending(a: bigint, b: bigint): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
