/** What a GpuUsage tells a tenant, as the usage report has it. */

import type { PastDenial } from '../../admission/recent-denials.ts'
import type { TenantUsage, UsageReport } from '../../admission/usage-report.ts'
import { type Amount, add, MILLI, UNLIMITED, ZERO } from '../../quantity/amount.ts'
import type { Oversubscription, Standing } from '../../quota/standing.ts'
import type { UsageStatus } from '../../schema/usage.ts'

// What the schema has room for.
const MOST_ROWS = 256
const MOST_DENIALS = 16

export function usageStatus({ tenants, oversubscribed }: UsageReport, denials: readonly PastDenial[]): UsageStatus {
  return {
    ...ofTenant(tenants[0]),
    oversubscribed: oversubscribed.slice(0, MOST_ROWS).map(oversubscription),
    recentDenials: denials.slice(0, MOST_DENIALS).map(({ code, message, atMs }) => {
      return { code, message, time: new Date(atMs).toISOString() }
    }),
  }
}

function ofTenant(tenant: TenantUsage | undefined): Pick<UsageStatus, 'classes' | 'noticeSeconds'> {
  if (tenant === undefined) return {}
  const rows = tenant.standings.filter(({ used, claimed, limit }) => used > ZERO || claimed > ZERO || limit > ZERO)
  return { noticeSeconds: tenant.noticeSeconds, classes: rows.slice(0, MOST_ROWS).map(tierUse) }
}

type TierUse = NonNullable<UsageStatus['classes']>[number]

function tierUse({ class: name, tier, used, claimed, limit, available, over, lenders }: Standing): TierUse {
  // A burst pool is there for everybody's burst, so it is nobody else's.
  const others = lenders.filter(({ kind }) => kind !== 'burst-pool')
  const borrowed = others.reduce((sum, lender) => add(sum, lender.amount), ZERO)
  return {
    class: name,
    tier,
    used: gpus(used),
    ...(limit === UNLIMITED ? {} : { limit: gpus(limit) }),
    ...(available === UNLIMITED ? {} : { available: gpus(available) }),
    // Burst can be taken back whole, whoever's it is.
    ...(tier === 'burst' ? { borrowed: gpus(borrowed), atRisk: gpus(used) } : {}),
    ...(claimed > ZERO ? { claimed: gpus(claimed) } : {}),
    ...(over > ZERO ? { over: gpus(over) } : {}),
  }
}

function oversubscription({ kind, cohort, class: name, used, limit, reclaimable, stuck }: Oversubscription) {
  const amounts = { used: gpus(used), limit: gpus(limit), reclaimable: gpus(reclaimable), stuck: gpus(stuck) }
  return { kind, cohort, class: name, ...amounts }
}

/** As people write it: `8`, `"500m"`. */
function gpus(amount: Amount): number | string {
  return amount % MILLI === 0n ? Number(amount / MILLI) : `${amount}m`
}
