/**
 * The nodes and their GPUs, and who sits where. A fraction shares one GPU with others, whole GPUs are of one node, so what is free may be
 * free in pieces that nobody can use. Places go by best fit: what is left behind is as little as can be. CPU and memory are not modelled.
 */
import type { Size, TraceNode } from './trace/trace.ts'

export interface Seat {
  readonly node: string
  readonly class: string
  readonly gpus: readonly number[]
  readonly milliOfEach: number
}

export interface Floor {
  /** Finds a place; undefined where none is free. */
  sit(className: string, size: Size): Seat | undefined
  leave(seat: Seat): void
  /** Milli-GPUs that nobody uses. */
  idle(className: string): number
  /** Whether an empty node of the class could host it. */
  canEverHost(className: string, size: Size): boolean
  /** Of all classes. */
  readonly totalMilli: number
}

interface Machine {
  readonly name: string
  /** Milli-GPUs that are free of each GPU. */
  readonly free: number[]
}

const WHOLE = 1000

export function floorOf(nodes: readonly TraceNode[], classOf: (model: string) => string): Floor {
  const machines = new Map<string, Machine[]>()
  for (const { name, model, gpus } of nodes) {
    const ofClass = machines.get(classOf(model)) ?? []
    machines.set(classOf(model), ofClass)
    ofClass.push({ name, free: Array.from({ length: gpus }, () => WHOLE) })
  }
  const byName = new Map([...machines.values()].flat().map(machine => [machine.name, machine]))
  const ofClass = (className: string) => machines.get(className) ?? []
  const idle = new Map(
    [...machines].map(([name, all]) => [name, WHOLE * all.reduce((sum, { free }) => sum + free.length, 0)]),
  )

  function shift(seat: Seat, byMilli: number): void {
    const machine = byName.get(seat.node)
    for (const gpu of seat.gpus) if (machine !== undefined) machine.free[gpu] = (machine.free[gpu] ?? 0) + byMilli
    idle.set(seat.class, (idle.get(seat.class) ?? 0) + byMilli * seat.gpus.length)
  }

  return {
    sit(className, size) {
      const place =
        size.milliOfEach < WHOLE
          ? tightestGpu(ofClass(className), size.milliOfEach)
          : tightestNode(ofClass(className), size.gpus)
      if (place === undefined) return undefined
      const seat = { node: place.machine.name, class: className, gpus: place.gpus, milliOfEach: size.milliOfEach }
      shift(seat, -size.milliOfEach)
      return seat
    },
    leave: seat => shift(seat, seat.milliOfEach),
    idle: className => idle.get(className) ?? 0,
    canEverHost: (className, size) => ofClass(className).some(({ free }) => free.length >= size.gpus),
    totalMilli: [...idle.values()].reduce((sum, milli) => sum + milli, 0),
  }
}

interface Place {
  readonly machine: Machine
  readonly gpus: readonly number[]
}

/** The GPU with the least left that has enough. */
function tightestGpu(machines: readonly Machine[], milli: number): Place | undefined {
  let best: { readonly machine: Machine; readonly gpu: number; readonly left: number } | undefined
  for (const machine of machines) {
    for (const [gpu, free] of machine.free.entries()) {
      if (free >= milli && (best === undefined || free < best.left)) best = { machine, gpu, left: free }
    }
  }
  return best === undefined ? undefined : { machine: best.machine, gpus: [best.gpu] }
}

/** The node with the fewest GPUs free that has enough. */
function tightestNode(machines: readonly Machine[], count: number): Place | undefined {
  let best: { readonly machine: Machine; readonly free: number } | undefined
  for (const machine of machines) {
    let free = 0
    for (const milli of machine.free) if (milli === WHOLE) free += 1
    if (free >= count && (best === undefined || free < best.free)) best = { machine, free }
  }
  if (best === undefined) return undefined
  const gpus = [...best.machine.free.entries()].filter(([, milli]) => milli === WHOLE).map(([gpu]) => gpu)
  return { machine: best.machine, gpus: gpus.slice(0, count) }
}
