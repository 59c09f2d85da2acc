import { randomUUID } from 'node:crypto'
import type { Cluster } from '../../admission/cluster.ts'
import { memoryStore } from '../../quota/memory-store.ts'
import { type LedgerWriter, ledgerWriter } from '../../quota/writer.ts'
import { GANG_HOLD_MS, PENDING_MS, type ProcessTime, RETRY_AFTER_MS, SYSTEM_TIME } from '../time.ts'

/** A ledger of this process alone, empty at first, with the writer that charges it. */
export async function inProcessLedger(cluster: () => Cluster, time: ProcessTime = SYSTEM_TIME): Promise<LedgerWriter> {
  const writer = ledgerWriter({
    id: randomUUID(),
    store: memoryStore(),
    quotas: () => cluster().quotas,
    ...time,
    pendingMs: PENDING_MS,
    gangHoldMs: GANG_HOLD_MS,
    maxCharges: Number.POSITIVE_INFINITY,
    retryAfterMs: RETRY_AFTER_MS,
  })
  // Mutation foretells tiers from the last ledger seen, so each has to be seen once before the first pod.
  for (const tree of cluster().quotas.trees.keys()) await writer.refresh(tree)
  return writer
}
