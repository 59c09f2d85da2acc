import type { Clock } from '../admission/endpoint.ts'
import { chargeOf } from '../quota/ledger.ts'
import { type PodTally, podTally } from '../quota/tally.ts'
import type { Quotas } from '../quota/tiers.ts'
import type { LedgerWriter } from '../quota/writer.ts'

export interface StandaloneLeader {
  /** The same writer, whose charges the leader sees. */
  readonly writer: LedgerWriter
  /** Counts what is there, and lets lapse what was held for pods that did not come. Rejects when the store fails. */
  recount(): Promise<void>
}

/**
 * The leader of a process without a cluster, where nobody tells of pods: one whose charge was answered is taken to be there for as
 * long as the process runs. What this is for are the others: charges whose callers had gone, and members of gangs that never came.
 */
export function standaloneLeader(writer: LedgerWriter, quotas: () => Quotas, clock: Clock): StandaloneLeader {
  const tallies = new Map<string, PodTally>()
  let position = 0n

  function see(tenant: string, uid: string): void {
    const tree = quotas().treeOfTenant.get(tenant)?.name
    const book = tree === undefined ? undefined : writer.book(tree)
    const charge = book === undefined ? undefined : chargeOf(book.ledger, uid)
    if (tree === undefined || charge === undefined) return
    const tally = tallies.get(tree) ?? podTally()
    tallies.set(tree, tally)
    position += 1n
    tally.seen(charge, position)
  }

  return {
    writer: {
      ...writer,
      async charge(request, deadlineMs) {
        const verdict = await writer.charge(request, deadlineMs)
        if (verdict.kind === 'charged') see(request.tenant, request.uid)
        return verdict
      },
    },
    async recount() {
      for (const [tree, tally] of tallies) {
        const view = tally.view(clock.now())
        await writer.amend(tree, [{ kind: 'recount', view }])
        tally.stored(view)
      }
    },
  }
}
