/** What is free on nodes. Those with as much free are one entry: a search for room costs their kinds, not their number. */
import type { HeldPod, Snapshot } from '../../snapshot.ts'
import type { Sums } from './sums.ts'

export interface Alike {
  readonly free: readonly bigint[]
  count: number
}

export interface Nodes {
  /** With these pods gone; the caller's own, to be changed. */
  without(pods: readonly HeldPod[]): Map<string, Alike>
}

/** By what stays on them, in the order of `keys`. */
export function freeNodes({ nodes, pods }: Snapshot, keys: readonly string[]): Nodes {
  const free = new Map((nodes ?? []).map(({ name, amounts }) => [name, vector(keys, amounts)]))
  for (const pod of pods) {
    const left = pod.node === null || pod.isLeaving ? undefined : free.get(pod.node)
    if (pod.node !== null && left !== undefined) free.set(pod.node, changed(left, vector(keys, pod.amounts), -1n))
  }
  const all = new Map<string, Alike>()
  for (const each of free.values()) put(all, each, 1)
  return {
    without(gone) {
      const left = new Map([...all].map(([key, alike]) => [key, { ...alike }]))
      for (const [name, there] of Map.groupBy(gone, ({ node }) => node)) {
        const before = name === null ? undefined : free.get(name)
        if (before === undefined) continue
        const after = there.reduce((sum, pod) => changed(sum, vector(keys, pod.amounts), 1n), before)
        moved(left, before, after)
      }
      return left
    },
  }
}

export function moved(nodes: Map<string, Alike>, from: readonly bigint[], to: readonly bigint[]): void {
  put(nodes, from, -1)
  put(nodes, to, 1)
}

export function vector(keys: readonly string[], amounts: Sums): readonly bigint[] {
  return keys.map(key => amounts.get(key) ?? 0n)
}

function put(nodes: Map<string, Alike>, free: readonly bigint[], count: number): void {
  const known = nodes.get(String(free))
  if (known === undefined) nodes.set(String(free), { free, count })
  else known.count += count
}

function changed(free: readonly bigint[], amounts: readonly bigint[], by: bigint): readonly bigint[] {
  return free.map((amount, index) => amount + by * (amounts[index] ?? 0n))
}
