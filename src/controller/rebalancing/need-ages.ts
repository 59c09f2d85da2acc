/** How long needs have been open, as this leader has seen it. Only measured by: no plan depends on it. */
import type { Clock } from '../../admission/endpoint.ts'
import type { Need } from '../../rebalance/need.ts'
import type { Plan } from '../../rebalance/plan.ts'

export interface NeedAges {
  /** The needs of a tree as its last plan has them; of one that is not met it is asked whether anybody acts on it. Gives those that are no longer among them, and for how long they were open. */
  planned(tree: string, plan: Plan, isActedOn: (need: Need) => boolean): readonly MetAfter[]
  /** Of the needs that somebody acts on, the longest time that one of each kind has been open. */
  oldestMs(tree: string): ReadonlyMap<Need['kind'], number>
  /** The needs of a tree are looked at no more; nobody knows whether they were met. */
  over(tree: string): void
}

interface MetAfter {
  readonly kind: Need['kind']
  readonly afterMs: number
}

interface Open {
  readonly kind: Need['kind']
  readonly sinceMs: number
  /** False where plans are only shown. */
  readonly isApplied: boolean
}

export function needAges(clock: Clock): NeedAges {
  const trees = new Map<string, ReadonlyMap<string, Open>>()
  return {
    planned(tree, plan, isActedOn) {
      const former = trees.get(tree) ?? new Map<string, Open>()
      const now = new Map(
        openNeeds(plan, isActedOn).map(([need, isApplied]) => [need.id, opened(need, isApplied, former, clock)]),
      )
      trees.set(tree, now)
      return [...former]
        .filter(([id, { isApplied }]) => isApplied && !now.has(id))
        .map(([, { kind, sinceMs }]) => ({ kind, afterMs: clock.now() - sinceMs }))
    },
    oldestMs(tree) {
      const oldest = new Map<Need['kind'], number>()
      for (const { kind, sinceMs, isApplied } of trees.get(tree)?.values() ?? []) {
        if (isApplied) oldest.set(kind, Math.max(oldest.get(kind) ?? 0, clock.now() - sinceMs))
      }
      return oldest
    },
    over: tree => void trees.delete(tree),
  }
}

function openNeeds({ met, unmet }: Plan, isActedOn: (need: Need) => boolean): readonly (readonly [Need, boolean])[] {
  return [
    ...met.map(({ need, isApplied }) => [need, isApplied] as const),
    ...unmet.map(({ need }) => [need, isActedOn(need)] as const),
  ]
}

function opened(need: Need, isApplied: boolean, former: ReadonlyMap<string, Open>, clock: Clock): Open {
  const known = former.get(need.id)
  // A refused need becomes that of its claim, and keeps its age.
  return { kind: need.kind, sinceMs: known?.sinceMs ?? begunMs(need) ?? clock.now(), isApplied }
}

function begunMs(need: Need): number | undefined {
  switch (need.kind) {
    case 'entitled':
      return need.sinceMs
    case 'refused':
      return need.demand.sinceMs
    case 'excess':
    case 'claim':
      return undefined
  }
}
