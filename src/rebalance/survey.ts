/** A snapshot with what the search looks up in it again and again, each worked out once and only where it is asked for. */
import { type QuotaTree, roleAt } from '../quota/quota-tree.ts'
import { remembered } from '../quota/remembered.ts'
import type { Node } from '../quota/tree.ts'
import type { HeldPod, ReclaimTerms, Snapshot } from './snapshot.ts'
import { termsAt } from './terms.ts'
import { placeIn, type Unit, unitsOf } from './units.ts'
import { isProtected, NOTHING_SPENT } from './victims/protection.ts'
import { byTurn } from './victims/ranking.ts'
import { type Rooms, roomsOf } from './victims/rooms.ts'

export interface Survey {
  readonly snapshot: Snapshot
  termsAt(leaf: Node): ReclaimTerms
  /** Of all who stand at a node or below it, the margin of those who give most easily. */
  leastMarginBelow(node: Node): number
  /** The units of a leaf, those that give back first in front. */
  unitsInOrder(leaf: Node): readonly Unit[]
  /** Of these, the ones that nothing protects whoever else gives back. */
  openUnits(leaf: Node): readonly Unit[]
  /** The units that were told for a need, by its id. */
  toldFor(need: string): readonly Unit[]
  unitOf(pod: HeldPod): Unit | undefined
  /** null where nobody knows the nodes. */
  rooms(): Rooms | null
}

export function surveyOf(snapshot: Snapshot): Survey {
  const unitsAt = unitsOf(snapshot)
  const terms = remembered((node: Node) => termsAt(snapshot, node))
  const { quota } = snapshot.book
  const leastMargin: (node: Node) => number = remembered((node: Node) =>
    cohortsBelow(quota, node).reduce(
      (least, cohort) => Math.min(least, leastMargin(cohort)),
      terms(node).marginPerMille,
    ),
  )
  const units = remembered((leaf: Node) => byTurn(unitsAt(leaf), terms(leaf), snapshot.nowMs))
  const open = remembered((leaf: Node) =>
    units(leaf).filter(unit => !isProtected(unit, terms(leaf), snapshot, NOTHING_SPENT, false)),
  )
  const unitsByPod = remembered((leaf: Node) => {
    return new Map(units(leaf).flatMap(unit => unit.pods.map(({ uid }) => [uid, unit] as const)))
  })
  const unitOf = ({ uid, tenant, tier }: HeldPod) => {
    return unitsByPod(placeIn(snapshot.book.quota, tenant, tier).node).get(uid)
  }
  const told = remembered((pods: Snapshot['pods']) => unitsTold(pods, unitOf))
  const rooms = remembered((nodes: Snapshot['nodes']) => (nodes === null ? null : roomsOf(nodes, snapshot)))
  return {
    snapshot,
    termsAt: terms,
    leastMarginBelow: leastMargin,
    unitsInOrder: units,
    openUnits: open,
    toldFor: need => told(snapshot.pods).get(need) ?? [],
    unitOf,
    rooms: () => rooms(snapshot.nodes),
  }
}

/** What tenants have is by the terms of their cohort. */
function cohortsBelow(quota: QuotaTree, node: Node): readonly Node[] {
  return (quota.tree.children[node.index] ?? []).filter(child => roleAt(quota, child).kind === 'cohort')
}

function unitsTold(
  pods: readonly HeldPod[],
  unitOf: (pod: HeldPod) => Unit | undefined,
): ReadonlyMap<string, readonly Unit[]> {
  const units = new Set(pods.filter(({ notice }) => notice !== null).flatMap(pod => unitOf(pod) ?? []))
  return Map.groupBy(
    [...units].toSorted(byKey),
    ({ pods: own }) => own.find(({ notice }) => notice)?.notice?.need ?? '',
  )
}

function byKey(a: Unit, b: Unit): number {
  return a.key < b.key ? -1 : 1
}
