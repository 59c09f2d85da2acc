/** What can be taken back at once: a pod, all pods of a gang in one tier, or the room that a gang holds for members that have not come. */
import { find } from '../../quota/persistent-map.ts'
import type { Node } from '../../quota/tree.ts'
import type { Tier } from '../../schema/parts.ts'
import type { HeldPod, Snapshot } from '../snapshot.ts'
import { type Load, placeOf } from './counting/balance.ts'
import { beyond, type Sums, totalOf } from './counting/sums.ts'

export interface Unit {
  /** The same for every victim that names the unit, and no other unit's. */
  readonly key: string
  readonly kind: 'pods' | 'hold'
  /** The key of the gang that the pods are of, or that holds the room. */
  readonly gang: string | null
  readonly tenant: string
  /** As what it counts: what tenants that are gone still hold is burst. */
  readonly tier: Tier
  /** Where it counts. */
  readonly node: Node
  /** Those that are not leaving already; none of a hold. */
  readonly pods: readonly HeldPod[]
  readonly loads: readonly Load[]
  readonly amounts: Sums
}

export interface Units {
  pod(uid: string): HeldPod | undefined
  /** The unit that a pod is in, or the hold of the gang with this key; undefined where there is neither. */
  named(victim: string): Unit | undefined
  readonly leaving: readonly HeldPod[]
}

export function unitsOf(snapshot: Snapshot): Units {
  const byUid = new Map(snapshot.pods.map(pod => [pod.uid, pod]))
  const inGangs = snapshot.pods.filter(({ gang, isLeaving }) => gang !== null && !isLeaving)
  // Who stands in another tier than the rest of its gang stands there by itself.
  const nameOf = (pod: HeldPod) => `gang ${pod.gang} in ${countedAs(snapshot, pod)}`
  const members = Map.groupBy(inGangs, nameOf)
  const known = new Map<string, Unit>()
  const unitWith = (pod: HeldPod): Unit => {
    const key = pod.gang === null ? `pod ${pod.uid}` : nameOf(pod)
    const pods = pod.gang === null ? [pod] : (members.get(key) ?? [pod])
    const unit = known.get(key) ?? { key, kind: 'pods', ...together(snapshot, pod, pods) }
    known.set(key, unit)
    return unit
  }
  return {
    pod: uid => byUid.get(uid),
    named(victim) {
      const pod = byUid.get(victim)
      if (pod === undefined) return holdOf(snapshot, victim)
      return pod.isLeaving ? undefined : unitWith(pod)
    },
    leaving: snapshot.pods.filter(({ isLeaving }) => isLeaving),
  }
}

function together(snapshot: Snapshot, one: HeldPod, pods: readonly HeldPod[]): Omit<Unit, 'key' | 'kind'> {
  return {
    gang: one.gang,
    tenant: one.tenant,
    tier: countedAs(snapshot, one),
    node: placeOf(snapshot.book.quota, one).node,
    pods,
    loads: pods,
    amounts: totalOf(pods.map(pod => pod.amounts)),
  }
}

function holdOf(snapshot: Snapshot, key: string): Unit | undefined {
  const gang = find(snapshot.book.ledger.gangs, key)
  if (gang === undefined || gang.heldUntilMs === null) return undefined
  const load = { tenant: gang.tenant, tier: gang.tier, amounts: beyond(gang.whole, gang.came) }
  const { node } = placeOf(snapshot.book.quota, load)
  return {
    ...load,
    key: `hold ${key}`,
    kind: 'hold',
    gang: key,
    tier: countedAs(snapshot, load),
    node,
    pods: [],
    loads: [load],
  }
}

function countedAs({ book }: Snapshot, { tenant, tier }: Pick<Load, 'tenant' | 'tier'>): Tier {
  return book.quota.tenants.has(tenant) ? tier : 'burst'
}
