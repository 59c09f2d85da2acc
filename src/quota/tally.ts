/**
 * The leader's tally of pods: fed from its watch, event by event, it always knows what the pods hold that are there, without
 * counting them again. A view of it is a value: what is told later does not show in it, or a charge could leave the ledger for a
 * base that lacks its pod.
 */
import { emptyHoldings, type Holdings, holdLess, holdMore, partsOf } from './holding.ts'
import type { Charge } from './ledger.ts'
import { emptyMap, entries, find, insert, type PersistentMap, without } from './persistent-map.ts'
import type { Departures, PodView } from './recount.ts'

/** What a pod that is there is charged with. */
export type SeenPod = Pick<Charge, 'uid' | 'tenant' | 'tier' | 'amounts' | 'gang'>

export interface PodTally {
  /** A pod is there. Seen again it may have changed; an event that is delivered twice changes nothing. */
  seen(pod: SeenPod, position: bigint): void
  /** A pod has ended or was deleted. One that was never seen is remembered all the same: it may have been charged. */
  gone(uid: string, position: bigint): void
  /**
   * Everything up to this position has been told: the end of a list, or a bookmark of the watch. Who starts from a list of no pods,
   * or of pods older than the last one that left, would otherwise stand behind what was counted before, and count nothing.
   */
  reached(position: bigint): void
  /** What the tally says. `asOfMs`: every pod that was created before that moment has been told to it. */
  view(asOfMs: number): PodView
  /** A ledger that was recounted by this view is stored: who had gone by then need not be remembered any longer. */
  stored(view: PodView): void
}

// Remembered for one recount interval. Charges of those past this many lapse as if their pods had never come.
const MOST_GONE = 100_000

export function podTally(): PodTally {
  let pods: PersistentMap<SeenPod> = emptyMap()
  let members: PersistentMap<number> = emptyMap()
  /** Those of the last view that was stored. */
  let counted: PersistentMap<unknown> = emptyMap()
  let held: Holdings = emptyHoldings()
  let departures: Departures = { since: null, uids: emptyMap(), held: emptyHoldings() }
  let position = 0n

  function enter(pod: SeenPod): void {
    pods = insert(pods, pod.uid, pod)
    held = holdMore(held, pod)
    if (pod.gang !== null) members = insert(members, pod.gang, (find(members, pod.gang) ?? 0) + 1)
  }

  function leave(pod: SeenPod): void {
    pods = without(pods, pod.uid)
    held = holdLess(held, pod)
    if (pod.gang === null) return
    const others = (find(members, pod.gang) ?? 1) - 1
    members = others === 0 ? without(members, pod.gang) : insert(members, pod.gang, others)
  }

  function depart(uid: string, known: SeenPod | undefined): void {
    const { since, uids, held: former } = departures
    departures = {
      since,
      uids: uids.size < MOST_GONE ? insert(uids, uid, known === undefined ? 'never seen' : 'seen') : uids,
      held: known === undefined ? former : holdMore(former, known),
    }
  }

  function moveTo(at: bigint): void {
    if (at > position) position = at
  }

  return {
    seen(pod, at) {
      // Events of one pod come in order, so whoever is gone stays gone.
      if (find(departures.uids, pod.uid) === undefined) {
        const known = find(pods, pod.uid)
        if (known !== undefined) leave(known)
        if (known !== undefined && known.tier !== pod.tier) {
          departures = { ...departures, held: holdMore(departures.held, known) }
        }
        enter(pod)
      }
      moveTo(at)
    },
    gone(uid, at) {
      const known = find(pods, uid)
      if (known !== undefined) leave(known)
      depart(uid, known)
      moveTo(at)
    },
    reached: moveTo,
    view(asOfMs) {
      const [present, left, groups, before] = [pods, departures, members, counted]
      return {
        position,
        asOfMs,
        pods: present,
        held,
        gone: left,
        statusOf: uid => {
          if (find(before, uid) !== undefined) return 'counted'
          if (find(present, uid) !== undefined) return 'live'
          return find(left.uids, uid) === undefined ? 'unseen' : 'gone'
        },
        isLive: gang => find(groups, gang) !== undefined,
      }
    },
    stored({ position: since, gone, pods: inBase }) {
      counted = inBase
      departures = {
        since,
        uids: entries(gone.uids).reduce((left, [uid]) => without(left, uid), departures.uids),
        held: entries(gone.held).flatMap(partsOf).reduce(holdLess, departures.held),
      }
    },
  }
}
