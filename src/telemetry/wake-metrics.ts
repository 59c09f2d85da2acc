/** Refused owners and what became of waking them. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { METRICS } from './metric-names.ts'

/** Told by the controller; labels come from its closed lists. */
export interface WakeMetrics {
  watchRefused(read: () => number): void
  unwakeable(reason: string): void
  touched(result: string): void
  reached(afterMs: number): void
}

// Controllers take 0.2 to 1.3 s once they are woken; one that comes after minutes has come by itself.
const BUCKETS_SECONDS = [0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60]

export function wakeMetrics(registry: Registry): WakeMetrics {
  const registers = [registry]
  const unwakeable = new Counter({ ...METRICS.unwakeable, labelNames: METRICS.unwakeable.labels, registers })
  const wakes = new Counter({ ...METRICS.wakes, labelNames: METRICS.wakes.labels, registers })
  const { name, help } = METRICS.wakeDuration
  const duration = new Histogram({ name, help, buckets: BUCKETS_SECONDS, registers })
  return {
    watchRefused(read) {
      new Gauge({
        name: METRICS.refusedOwners.name,
        help: METRICS.refusedOwners.help,
        registers,
        collect() {
          this.set(read())
        },
      })
    },
    unwakeable: reason => unwakeable.inc({ reason }),
    touched: result => wakes.inc({ result }),
    reached: afterMs => duration.observe(afterMs / 1_000),
  }
}
