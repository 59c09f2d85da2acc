/** What the rebalancer finds and does. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { METRICS, type MetricName } from './metric-names.ts'

/** Told by the controller; labels come from its closed lists, and trees from the cohorts. */
export interface RebalanceMetrics {
  planned(tree: string, result: string): void
  needs(tree: string, open: OpenNeeds): void
  taken(step: string, outcome: string): void
  evicted(tier: string, rule: string, pods: number): void
  wouldEvict(tree: string, tier: string, rule: string, pods: number): void
  met(kind: string, afterMs: number): void
  claims(tree: string, held: number): void
  /** No plans are made for a tree any more: what was found last would stand for ever. */
  over(tree: string): void
  /** Another replica leads: what this one found last would stand beside what that one finds. */
  lost(): void
}

interface OpenNeeds {
  readonly byKind: ReadonlyMap<string, number>
  readonly unmet: ReadonlyMap<string, number>
  readonly oldestMs: ReadonlyMap<string, number>
}

// Notice is a minute or five, and then pods have their own time to end.
const BUCKETS_SECONDS = [1, 5, 15, 30, 60, 90, 120, 300, 600, 1_800, 3_600]

export function rebalanceMetrics(registry: Registry): RebalanceMetrics {
  const registers = [registry]
  const counter = ({ name, help, labels }: MetricName) =>
    new Counter({ name, help, labelNames: [...labels], registers })
  const gauge = ({ name, help, labels }: MetricName) => new Gauge({ name, help, labelNames: [...labels], registers })
  const plans = counter(METRICS.plans)
  const steps = counter(METRICS.rebalanceSteps)
  const evictions = counter(METRICS.evictions)
  const shownEvictions = counter(METRICS.shownEvictions)
  const open = byTree(gauge(METRICS.openNeeds), 'kind')
  const unmet = byTree(gauge(METRICS.unmetNeeds), 'because')
  const oldest = byTree(gauge(METRICS.oldestNeed), 'kind')
  const claims = gauge(METRICS.claimsHeld)
  const { name, help, labels } = METRICS.needDuration
  const duration = new Histogram({ name, help, labelNames: [...labels], buckets: BUCKETS_SECONDS, registers })

  return {
    planned(tree, result) {
      // A counter that is there at zero makes its first increase visible to rate(), and the first rejected plan is an alarm.
      plans.inc({ tree, result: 'rejected' }, 0)
      plans.inc({ tree, result })
    },
    needs(tree, { byKind, unmet: because, oldestMs }) {
      open.set(tree, byKind)
      unmet.set(tree, because)
      oldest.set(tree, new Map([...oldestMs].map(([kind, ms]) => [kind, ms / 1_000])))
    },
    taken: (step, outcome) => steps.inc({ step, outcome }),
    evicted: (tier, rule, pods) => evictions.inc({ tier, rule }, pods),
    wouldEvict: (tree, tier, rule, pods) => shownEvictions.inc({ tree, tier, rule }, pods),
    met: (kind, afterMs) => duration.observe({ kind }, afterMs / 1_000),
    claims: (tree, held) => claims.set({ tree }, held),
    over(tree) {
      for (const one of [open, unmet, oldest]) one.end(tree)
      claims.remove({ tree })
    },
    lost() {
      for (const one of [open, unmet, oldest, claims]) one.reset()
    },
  }
}

/** A gauge of each tree by one label. What a tree had before and has not now is zero: a series that ends looks like one not scraped. */
function byTree(gauge: Gauge, label: string) {
  const known = new Map<string, Set<string>>()
  return {
    set(tree: string, values: ReadonlyMap<string, number>): void {
      const seen = known.get(tree) ?? new Set<string>()
      known.set(tree, seen)
      for (const value of values.keys()) seen.add(value)
      for (const value of seen) gauge.set({ tree, [label]: value }, values.get(value) ?? 0)
    },
    end(tree: string): void {
      for (const value of known.get(tree) ?? []) gauge.remove({ tree, [label]: value })
      known.delete(tree)
    },
    reset(): void {
      known.clear()
      gauge.reset()
    },
  }
}
