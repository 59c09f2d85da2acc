/** What is replayed: pods with the times at which they came and how long they ran, and the nodes there were. */
import type { Tier } from '../../schema/parts.ts'

export interface Trace {
  /** In the order in which they come; those of one moment by name. */
  readonly pods: readonly TracePod[]
  /** How many more asked for no GPU: they are none of the quota's business. */
  readonly withoutGpus: number
}

export interface TracePod {
  readonly name: string
  readonly namespace: string | null
  /** Where its namespace stands, or it itself. */
  readonly at: string
  readonly tier: Tier
  readonly size: Size
  /** The models it may run on; none: any. */
  readonly models: readonly string[]
  readonly createdAtMs: number
  /** How long its containers ran. */
  readonly runMs: number
}

/** Whole GPUs of one node, or a part of a single one. */
export interface Size {
  readonly gpus: number
  /** Of each of them, in milli-GPUs: 1000 unless it is a part of one. */
  readonly milliOfEach: number
}

export interface TraceNode {
  readonly name: string
  readonly model: string
  readonly gpus: number
}

export function millis({ gpus, milliOfEach }: Size): number {
  return gpus * milliOfEach
}

/** The same pods `factor` times as dense: they come sooner, and run for as long as ever. */
export function compressed({ pods, withoutGpus }: Trace, factor: number): Trace {
  const startMs = pods[0]?.createdAtMs ?? 0
  const sooner = (atMs: number) => startMs + Math.round((atMs - startMs) / factor)
  return { pods: pods.map(pod => ({ ...pod, createdAtMs: sooner(pod.createdAtMs) })), withoutGpus }
}

/** A part of the nodes, spread evenly over each model and size; of each there is at least one left. */
export function shareOf(nodes: readonly TraceNode[], share: number): readonly TraceNode[] {
  const alike = Map.groupBy(nodes, ({ model, gpus }) => `${model} ${gpus}`)
  const kept = [...alike.values()].flatMap(group => {
    const count = Math.max(1, Math.round(group.length * share))
    return group.filter(
      (_, index) => Math.floor(((index + 1) * count) / group.length) > Math.floor((index * count) / group.length),
    )
  })
  const names = new Set(kept.map(({ name }) => name))
  return nodes.filter(({ name }) => names.has(name))
}

export function inOrder(pods: readonly TracePod[]): readonly TracePod[] {
  return pods.toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.name < b.name ? -1 : 1))
}
