/** Usage and limits of every tenant as gauges, read from the ledger when somebody scrapes. */
import { Gauge, type Registry } from 'prom-client'
import { type Amount, add, UNLIMITED } from '../quantity/amount.ts'
import { MAX_QUOTA_SERIES, METRICS, OTHER } from './metric-names.ts'

export interface QuotaRow {
  readonly tenant: string
  readonly tier: string
  readonly acceleratorClass: string
  readonly usage: Amount
  readonly limit: Amount
}

export function watchQuotas(registry: Registry, read: () => Iterable<QuotaRow>): void {
  gauge(registry, METRICS.quotaUsage, read, row => row.usage)
  gauge(registry, METRICS.quotaLimit, read, row => row.limit)
}

type QuotaMetric = typeof METRICS.quotaUsage | typeof METRICS.quotaLimit

function gauge(
  registry: Registry,
  metric: QuotaMetric,
  read: () => Iterable<QuotaRow>,
  amountOf: (row: QuotaRow) => Amount,
) {
  return new Gauge({
    name: metric.name,
    help: metric.help,
    labelNames: [...metric.labels],
    registers: [registry],
    collect() {
      // Tenants that are gone must not stay at their last value.
      this.reset()
      for (const row of boundedRows(read(), MAX_QUOTA_SERIES)) {
        this.set({ tenant: row.tenant, tier: row.tier, class: row.acceleratorClass }, toNumber(amountOf(row)))
      }
    },
  })
}

/** The first `limit` rows, and the sum of the others by tier and class. */
export function boundedRows(rows: Iterable<QuotaRow>, limit: number): readonly QuotaRow[] {
  const shown: QuotaRow[] = []
  const sums = new Map<string, QuotaRow>()
  for (const row of rows) {
    if (shown.length < limit) {
      shown.push(row)
      continue
    }
    const key = JSON.stringify([row.tier, row.acceleratorClass])
    const sum = sums.get(key)
    const usage = sum === undefined ? row.usage : add(sum.usage, row.usage)
    const allowed = sum === undefined ? row.limit : add(sum.limit, row.limit)
    sums.set(key, { ...row, tenant: OTHER, usage, limit: allowed })
  }
  return [...shown, ...sums.values()]
}

function toNumber(value: Amount): number {
  return value === UNLIMITED ? Number.POSITIVE_INFINITY : Number(value)
}
