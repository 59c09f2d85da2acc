import { type Amount, add, most, ZERO } from '../quantity/amount.ts'
import { roomIn } from '../quota/caps.ts'
import { podUse } from '../quota/claimed.ts'
import type { Quotas } from '../quota/tiers.ts'
import { used } from '../quota/usage.ts'
import type { LedgerWriter } from '../quota/writer.ts'
import type { Tier } from '../schema/parts.ts'
import { TIERS } from '../schema/parts.ts'

/** What pods of one tenant use and may use of one class in one tier, in milli-GPUs. */
export interface QuotaRow {
  readonly tenant: string
  readonly cohort: string
  readonly tier: Tier
  readonly acceleratorClass: string
  readonly usage: Amount
  /** What is in use, and what would still fit now. */
  readonly limit: Amount
}

/** Usage by tenant, class and tier, as of the last ledger seen. */
export function quotaRows(quotas: Quotas, ledger: Pick<LedgerWriter, 'book'>): readonly QuotaRow[] {
  return [...quotas.trees.values()].flatMap(tree => {
    const book = ledger.book(tree.name)
    if (book === undefined) return []
    return [...tree.tenants.values()].flatMap(tenant => {
      const { spec, leaves } = tenant
      return [...spec.classes.keys()].flatMap(acceleratorClass =>
        TIERS.map(tier => {
          const usage = used(podUse(book), leaves[tier], acceleratorClass)
          const free = most(ZERO, roomIn(book, tenant, tier, acceleratorClass))
          return { tenant: spec.name, cohort: spec.cohort, tier, acceleratorClass, usage, limit: add(usage, free) }
        }),
      )
    })
  })
}
