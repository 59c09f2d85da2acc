/** Who uses what, from the ledger: all of it, or what an act of the demo changed of one class. */
import { type Amount, formatGpus, ZERO } from '../../quantity/amount.ts'
import { type QuotaRow, quotaRows } from '../quota-rows.ts'
import { heading, type Stage, table } from './stage.ts'

export function usageTable(stage: Stage): void {
  const about = 'GPUs in use, and the most that would be in use if the tenant took all that fits now'
  heading(stage, 'Usage', about)
  const rows = rowsOf(stage)
  const lines = [...Map.groupBy(rows, row => `${row.tenant} ${row.acceleratorClass}`).values()]
    .filter(group => group.some(row => row.usage > ZERO))
    .map(group => {
      const [row] = group
      const cells = group.map(({ usage, limit }) => `${formatGpus(usage)} of ${formatGpus(limit)}`)
      return [row?.cohort ?? '', row?.tenant ?? '', row?.acceleratorClass ?? '', ...cells]
    })
  table(stage, [['cohort', 'tenant', 'class', 'reserved', 'shared', 'burst'], ...lines])
}

/** What is in use of one class, by tenant and tier. */
export type Usage = ReadonlyMap<string, readonly Amount[]>

export function usageNow(stage: Stage, acceleratorClass: string): Usage {
  const rows = rowsOf(stage).filter(row => row.acceleratorClass === acceleratorClass)
  const byTenant = Map.groupBy(rows, ({ tenant }) => tenant)
  return new Map([...byTenant].map(([tenant, group]) => [tenant, group.map(({ usage }) => usage)]))
}

/** `16 -> 8` where it changed; tenants that use nothing before and after are left out. */
export function usageChange(stage: Stage, acceleratorClass: string, before: Usage): void {
  const now = usageNow(stage, acceleratorClass)
  const lines = [...now]
    .map(([tenant, after]) => ({ tenant, after, former: before.get(tenant) ?? [] }))
    .filter(({ after, former }) => [...after, ...former].some(amount => amount > ZERO))
    .map(({ tenant, after, former }) => [tenant, ...after.map((amount, tier) => change(former[tier] ?? ZERO, amount))])
  table(stage, [[`${acceleratorClass} in use`, 'reserved', 'shared', 'burst'], ...lines])
}

function change(before: Amount, after: Amount): string {
  return before === after ? formatGpus(after) : `${formatGpus(before)} -> ${formatGpus(after)}`
}

function rowsOf({ cluster, service }: Stage): readonly QuotaRow[] {
  return quotaRows(cluster.quotas, service.ledger)
}
