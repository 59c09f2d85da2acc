/** How many pods each tenant lost for fairness within the last hour. */
import type { Evict } from '../../rebalance/plan.ts'

export interface Evictions {
  evicted(step: Evict): void
  lastHour(): ReadonlyMap<string, number>
}

const HOUR_MS = 3_600_000

export function evictions(now: () => number): Evictions {
  let recent: readonly { readonly tenant: string; readonly atMs: number }[] = []

  return {
    // What is owed to a reservation, or was cut, is not fairness.
    evicted({ rule, tenant }) {
      if (rule === 'above-fair-share') recent = [...recent, { tenant, atMs: now() }]
    },
    lastHour() {
      recent = recent.filter(({ atMs }) => atMs > now() - HOUR_MS)
      return new Map([...Map.groupBy(recent, ({ tenant }) => tenant)].map(([tenant, all]) => [tenant, all.length]))
    },
  }
}
