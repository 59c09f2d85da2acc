/** The pods that really are there, and the events by which a watch learns of them, one after another. */
import type { SeenPod } from '../../src/quota/tally.ts'
import { type Event, footprint } from './event.ts'

export interface PodEvent {
  readonly kind: 'created' | 'moved' | 'gone'
  readonly pod: SeenPod
  readonly atMs: number
}

/** What becomes of a pod whose caller was told that it is charged. */
export type Fate = 'stays' | 'ends' | 'never comes'

export interface Cluster {
  /** The position of an event is its place in the log, counted from 1. */
  readonly log: readonly PodEvent[]
  /** The pods that were there after the first so many events; after all of them by default. */
  pods(events?: number): readonly SeenPod[]
  wasCreated(uid: string): boolean
  events(): readonly Event[]
}

export interface ClusterOptions {
  readonly now: () => number
  readonly fateOf: (uid: string) => Fate
  /** The pods whose creation may be completed at this moment. */
  readonly expected: () => readonly SeenPod[]
  /** Pods that are there whose label may name another tier at this moment, as they are then. */
  readonly moving: () => readonly SeenPod[]
}

export function cluster({ now, fateOf, expected, moving }: ClusterOptions): Cluster {
  const log: PodEvent[] = []
  const kinds = (uid: string) => log.filter(({ pod }) => pod.uid === uid).map(({ kind }) => kind)

  const self: Cluster = {
    log,
    pods: (events = log.length) => {
      const there = new Map<string, SeenPod>()
      for (const { kind, pod } of log.slice(0, events)) {
        if (kind === 'gone') there.delete(pod.uid)
        else there.set(pod.uid, pod)
      }
      return [...there.values()]
    },
    wasCreated: uid => kinds(uid).includes('created'),
    events: () => [
      ...expected()
        .filter(({ uid }) => fateOf(uid) !== 'never comes')
        .map(pod => event(`pod ${pod.uid} is created`, ['clock'], { kind: 'created', pod })),
      ...self
        .pods()
        .filter(({ uid }) => fateOf(uid) === 'ends')
        .map(pod => event(`pod ${pod.uid} ends`, ['clock'], { kind: 'gone', pod })),
      ...moving().map(pod => event(`pod ${pod.uid} moves to ${pod.tier}`, ['clock', 'store'], { kind: 'moved', pod })),
    ],
  }

  function event(name: string, reads: readonly string[], happened: Omit<PodEvent, 'atMs'>): Event {
    return { name, touches: footprint(['pods'], reads), happen: () => void log.push({ ...happened, atMs: now() }) }
  }

  return self
}
