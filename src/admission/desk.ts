import type { Request } from '../quota/decide.ts'
import { type SoftHolds, softHolds } from '../quota/holds.ts'
import type { Quotas } from '../quota/tiers.ts'
import type { LedgerWriter } from '../quota/writer.ts'
import type { Clock } from './endpoint.ts'
import type { TierForecast } from './mutate.ts'
import type { QuotaDesk } from './validate.ts'

// From the mutating review of a pod to its validating one takes milliseconds; a create that was dropped between them must not
// steer others for long.
const HOLD_MS = 5_000

/** Where admission asks for quota: tiers foretold from the last ledger seen, charges booked by the ledger's writer. */
export function quotaDesk(writer: LedgerWriter, quotas: () => Quotas, clock: Clock): QuotaDesk & TierForecast {
  const holds: SoftHolds = softHolds(HOLD_MS)
  return {
    peek(pod, { isDryRun }) {
      const tree = quotas().treeOfTenant.get(pod.tenant)
      const book = tree === undefined ? undefined : writer.book(tree.name)
      return book === undefined ? undefined : (holds.peek(book, pod, { nowMs: clock.now(), isDryRun }) ?? undefined)
    },

    async charge(request: Request, deadlineMs: number) {
      const verdict = await writer.charge(request, deadlineMs)
      const tier = verdict.kind === 'charged' ? verdict.tier : request.tier
      if (tier !== 'auto') holds.consume({ ...request, tier })
      return verdict
    },

    preview: (request, deadlineMs) => writer.preview(request, deadlineMs),
  }
}
