/** What the leader does beside admission, and who it is. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Amount } from '../quantity/amount.ts'
import { METRICS } from './metric-names.ts'

export interface LeaderMetrics {
  /** Asked at each scrape. */
  watchLeader(isLeader: () => boolean): void
  drift(tree: string, milliGpus: Amount): void
  pending(tree: string, charges: number): void
  recounted(durationMs: number): void
  registered(ok: boolean): void
  /** Of how many pods it is known; null: Prometheus did not say. */
  utilisationRead(pods: number | null): void
  /** Another replica leads: what this one counted last would stand beside what that one counts. */
  lost(): void
}

// A recount of all trees takes milliseconds, and at 10,000 tenants tenths of a second; it is due every five.
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

export function leaderMetrics(registry: Registry): LeaderMetrics {
  const registers = [registry]
  const gauge = ({ name, help, labels }: { name: string; help: string; labels: readonly string[] }) =>
    new Gauge({ name, help, labelNames: [...labels], registers })
  const drift = gauge(METRICS.ledgerDrift)
  const charges = gauge(METRICS.ledgerCharges)
  const registration = gauge(METRICS.registrationOk)
  // Nothing is said of it by who does not lead: a zero would read as an alarm.
  registration.remove()
  const measured = gauge(METRICS.utilisationPods)
  measured.remove()
  const reads = new Counter({ ...METRICS.utilisationReads, labelNames: METRICS.utilisationReads.labels, registers })
  const { name, help } = METRICS.recountDuration
  const duration = new Histogram({ name, help, buckets: BUCKETS_SECONDS, registers })
  return {
    watchLeader(isLeader) {
      new Gauge({
        name: METRICS.leader.name,
        help: METRICS.leader.help,
        registers,
        collect() {
          this.set(isLeader() ? 1 : 0)
        },
      })
    },
    drift: (tree, milliGpus) => drift.set({ tree }, Number(milliGpus)),
    pending: (tree, count) => charges.set({ tree }, count),
    recounted: durationMs => duration.observe(durationMs / 1_000),
    registered: ok => registration.set(ok ? 1 : 0),
    utilisationRead(pods) {
      reads.inc({ result: pods === null ? 'failed' : 'ok' })
      if (pods !== null) measured.set(pods)
    },
    lost() {
      for (const one of [drift, charges]) one.reset()
      registration.remove()
      measured.remove()
    },
  }
}
