/** The pods of one cohort tree: which of them run, and what all of them hold, as its leader counts them. */
import type { QuotaTree } from '../../quota/quota-tree.ts'
import type { PodView } from '../../quota/recount.ts'
import { podTally } from '../../quota/tally.ts'
import type { Node } from '../../quota/tree.ts'
import type { Notice } from '../../rebalance/snapshot.ts'
import type { Tier } from '../../schema/parts.ts'
import type { HostedPod } from './pods.ts'
import { inTurn, openRoom } from './room.ts'

export interface TreePods {
  enter(pod: HostedPod): void
  leave(uid: string): HostedPod | undefined
  /** The pod holds what it holds in another tier from now on. Unknown UIDs change nothing. */
  retier(uid: string, tier: Tier): void
  /** What the pod was told; null: it was taken back. */
  notice(uid: string, notice: Notice | null): void
  find(uid: string): HostedPod | undefined
  /** In the order in which they came. */
  all(): readonly HostedPod[]
  view(asOfMs: number): PodView
  stored(view: PodView): void
}

export function treePods({ tree, tenants }: QuotaTree, now: () => number): TreePods {
  const pods = new Map<string, HostedPod>()
  const waiting = new Map<string, HostedPod>()
  const tally = podTally()
  const room = openRoom(tree)
  // Nobody else tells of these pods, so every event has a place of its own.
  let position = 0n

  function leafOf({ charged: { tenant, tier } }: HostedPod): Node {
    const leaf = tenants.get(tenant)?.leaves[tier]
    if (leaf === undefined) throw new Error(`${tenant} was charged in the tree ${tree.root.name}, which lacks it`)
    return leaf
  }

  function startWhoCan(): void {
    for (const pod of inTurn(waiting.values(), ({ charged }) => charged.tier)) {
      if (room.take(leafOf(pod), pod.charged.amounts)) put(withStanding(pod, { startedAtMs: now() }))
    }
  }

  function put(pod: HostedPod): void {
    pods.set(pod.uid, pod)
    if (pod.standing.startedAtMs === null) waiting.set(pod.uid, pod)
    else waiting.delete(pod.uid)
  }

  function see(pod: HostedPod): void {
    put(pod)
    position += 1n
    tally.seen(pod.charged, position)
  }

  return {
    enter(pod) {
      // One whose admission is asked for again is there already.
      if (pods.has(pod.uid)) return
      see(pod)
      startWhoCan()
    },
    leave(uid) {
      const pod = pods.get(uid)
      if (pod === undefined) return undefined
      pods.delete(uid)
      waiting.delete(uid)
      position += 1n
      tally.gone(uid, position)
      if (pod.standing.startedAtMs !== null) room.give(leafOf(pod), pod.charged.amounts)
      startWhoCan()
      return pod
    },
    retier(uid, tier) {
      const pod = pods.get(uid)
      if (pod === undefined) return
      const moved = { ...pod, charged: { ...pod.charged, tier } }
      if (pod.standing.startedAtMs !== null) room.move(leafOf(pod), leafOf(moved), pod.charged.amounts)
      see(moved)
      startWhoCan()
    },
    notice(uid, notice) {
      const pod = pods.get(uid)
      if (pod !== undefined) put(withStanding(pod, { notice }))
    },
    find: uid => pods.get(uid),
    all: () => [...pods.values()],
    view: asOfMs => tally.view(asOfMs),
    stored: view => tally.stored(view),
  }
}

function withStanding(pod: HostedPod, change: Partial<HostedPod['standing']>): HostedPod {
  return { ...pod, standing: { ...pod.standing, ...change } }
}
