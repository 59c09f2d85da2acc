/** What keeps a unit from being taken back at the moment, though it could be. */
import { emptyMap, find, insert, type PersistentMap } from '../../quota/persistent-map.ts'
import type { HeldPod, ReclaimTerms, Snapshot } from '../snapshot.ts'
import { isHold, type Unit } from '../units.ts'

/** What earlier victims used up. */
export interface Spent {
  /** By budget, how many disruptions. */
  readonly disruptions: Counts
  /** By tenant, how many of its pods for fairness. */
  readonly evictions: Counts
}

/** Of which a search has as many versions as victims. */
type Counts = PersistentMap<number>

export const NOTHING_SPENT: Spent = { disruptions: emptyMap(), evictions: emptyMap() }

export function isProtected(
  unit: Unit,
  terms: ReclaimTerms,
  snapshot: Snapshot,
  spent: Spent,
  isForFairness: boolean,
): boolean {
  if (terms.mode === 'Off') return true
  if (isHold(unit)) return false
  if (unit.pods.some(pod => isYoung(pod, terms, snapshot.nowMs))) return true
  if (isForFairness && isOverEvicted(unit, terms, snapshot, spent)) return true
  return !isWithinBudgets(unit, snapshot, spent)
}

export function spending({ disruptions, evictions }: Spent, unit: Unit, isForFairness: boolean): Spent {
  return {
    disruptions: counted(disruptions, budgetsOf(unit)),
    evictions: isForFairness
      ? counted(
          evictions,
          unit.pods.map(({ tenant }) => tenant),
        )
      : evictions,
  }
}

/** What has not started has no work to lose. */
function isYoung({ startedAtMs }: HeldPod, { minimumRunMs }: ReclaimTerms, nowMs: number): boolean {
  return startedAtMs !== null && nowMs - startedAtMs < minimumRunMs
}

function isOverEvicted(
  { tenant, pods }: Unit,
  { evictionsPerHour }: ReclaimTerms,
  { evictedLastHour }: Snapshot,
  { evictions }: Spent,
): boolean {
  if (evictionsPerHour === null) return false
  const before = (evictedLastHour.get(tenant) ?? 0) + (find(evictions, tenant) ?? 0)
  return before + pods.length > evictionsPerHour
}

/** The Eviction API refuses a pod that two budgets select, whatever they allow. */
function isWithinBudgets(unit: Unit, { disruptionsAllowed }: Snapshot, { disruptions }: Spent): boolean {
  if (unit.pods.some(({ budgets }) => budgets.length > 1)) return false
  const needed = Map.groupBy(budgetsOf(unit), budget => budget)
  return needed.entries().every(([budget, { length }]) => {
    return length + (find(disruptions, budget) ?? 0) <= (disruptionsAllowed.get(budget) ?? 0)
  })
}

function budgetsOf({ pods }: Unit): readonly string[] {
  return pods.flatMap(({ budgets }) => budgets)
}

function counted(counts: Counts, keys: readonly string[]): Counts {
  return keys.reduce((all, key) => insert(all, key, (find(all, key) ?? 0) + 1), counts)
}
