/** Who waits for a node though entitled to run: pods that were admitted into capacity which is lent out. */

import { NO_AMOUNTS, sum } from '../../quota/holding.ts'
import type { Node } from '../../quota/tree.ts'
import type { Amounts } from '../../quota/usage.ts'
import type { HeldPod, Snapshot } from '../snapshot.ts'
import { placeIn } from '../units.ts'

export interface Waiting {
  /** The key of the gang, or the UID of the pod. */
  readonly key: string
  readonly tenant: string
  readonly leaf: Node
  readonly pods: readonly HeldPod[]
  /** Of all of them. */
  readonly amounts: Amounts
  readonly sinceMs: number
}

/** The oldest first. */
export function waitingIn({ book, pods }: Snapshot): readonly Waiting[] {
  const alone = pods.filter(({ node, isLeaving, tenant, tier }) => {
    return node === null && !isLeaving && placeIn(book.quota, tenant, tier).tier !== 'burst'
  })
  return [...Map.groupBy(alone, ({ tier, gang, uid }) => (gang === null ? uid : `${tier} ${gang}`))]
    .map(([key, members]) => waitingOf(book.quota, key, members.toSorted(byAge)))
    .filter(group => group !== undefined)
    .toSorted((a, b) => a.sinceMs - b.sinceMs || (a.key < b.key ? -1 : 1))
}

function waitingOf(quota: Snapshot['book']['quota'], key: string, pods: readonly HeldPod[]): Waiting | undefined {
  const [oldest] = pods
  if (oldest === undefined) return undefined
  const { node: leaf } = placeIn(quota, oldest.tenant, oldest.tier)
  const amounts = pods.reduce((all, pod) => sum(all, pod.amounts), NO_AMOUNTS)
  return { key, tenant: oldest.tenant, leaf, pods, amounts, sinceMs: oldest.createdAtMs }
}

function byAge(a: HeldPod, b: HeldPod): number {
  return a.createdAtMs - b.createdAtMs || (a.uid < b.uid ? -1 : 1)
}
