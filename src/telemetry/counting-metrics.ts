/** What the leader tells of its counting. */
import { Gauge, Histogram, type Registry } from 'prom-client'
import { METRICS, type MetricName } from './metric-names.ts'

export interface CountingMetrics {
  // The port CountingObserver.
  drift(tree: string, milliGpus: bigint): void
  pending(tree: string, charges: number): void
  recounted(durationMs: number): void
  /** This replica leads from now on, or no longer: then it says nothing of trees any more. */
  leading(isLeader: boolean): void
}

/** A recount is a read for each tree, and a write where something has changed; one that takes longer than its interval is late. */
const RECOUNT_BUCKETS_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function countingMetrics(registry: Registry): CountingMetrics {
  const leader = gauge(METRICS.leader, registry)
  const drifts = gauge(METRICS.ledgerDrift, registry)
  const charges = gauge(METRICS.ledgerCharges, registry)
  const { name, help } = METRICS.recountDuration
  const durations = new Histogram({ name, help, registers: [registry], buckets: RECOUNT_BUCKETS_SECONDS })
  leader.set(0)
  return {
    drift: (tree, milliGpus) => drifts.set({ tree }, Number(milliGpus)),
    pending: (tree, count) => charges.set({ tree }, count),
    recounted: durationMs => durations.observe(durationMs / 1_000),
    leading(isLeader) {
      leader.set(isLeader ? 1 : 0)
      if (isLeader) return
      drifts.reset()
      charges.reset()
    },
  }
}

function gauge({ name, help, labels }: MetricName, registry: Registry): Gauge {
  return new Gauge({ name, help, labelNames: [...labels], registers: [registry] })
}
