/** The pods that exist, and everything that ever happened to them, in the order of their resource versions. */
import type { SeenPod } from '../../src/quota/tally.ts'

export interface PodEvent {
  readonly kind: 'created' | 'gone'
  readonly atMs: number
  readonly position: bigint
  readonly pod: SeenPod
}

export interface Pods {
  create(pod: SeenPod, atMs: number): void
  /** False when it is gone already. */
  remove(uid: string, atMs: number): boolean
  live(): readonly SeenPod[]
  readonly events: readonly PodEvent[]
  /** The pods that were there after the first so many events. */
  listAfter(events: number): readonly SeenPod[]
}

export function pods(): Pods {
  const live = new Map<string, SeenPod>()
  const events: PodEvent[] = []

  function record(kind: PodEvent['kind'], pod: SeenPod, atMs: number): void {
    events.push({ kind, pod, atMs, position: BigInt(events.length + 1) })
  }

  return {
    create(pod, atMs) {
      live.set(pod.uid, pod)
      record('created', pod, atMs)
    },
    remove(uid, atMs) {
      const pod = live.get(uid)
      if (pod === undefined) return false
      live.delete(uid)
      record('gone', pod, atMs)
      return true
    },
    live: () => [...live.values()],
    events,
    listAfter(count) {
      const list = new Map(live)
      for (const { kind, pod } of events.slice(count).toReversed()) {
        if (kind === 'created') list.delete(pod.uid)
        else list.set(pod.uid, pod)
      }
      return [...list.values()]
    },
  }
}
