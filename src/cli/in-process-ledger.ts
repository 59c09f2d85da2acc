import { randomUUID } from 'node:crypto'
import type { Cluster } from '../admission/cluster.ts'
import type { Clock } from '../admission/endpoint.ts'
import { memoryStore } from '../quota/memory-store.ts'
import type { Timer } from '../quota/waiter.ts'
import { type LedgerWriter, ledgerWriter } from '../quota/writer.ts'

export const SYSTEM_CLOCK: Clock = { now: () => Date.now() }

// A pod can still appear 60 s after our answer, when the API server's own request ends; the rest is for its watch to be late.
const PENDING_MS = 5 * 60_000
// Controllers of large gangs create thousands of pods, some of which are refused at first and tried again after a minute.
const GANG_HOLD_MS = 5 * 60_000
// setTimeout counts in 32 bits; what is further away is never waited for.
const FARTHEST_MS = 2 ** 31 - 1

function systemTimer(clock: Clock): Timer {
  return {
    at(atMs, ring) {
      const inMs = Math.max(0, atMs - clock.now())
      if (inMs > FARTHEST_MS) return () => {}
      const timeout = setTimeout(ring, inMs)
      return () => clearTimeout(timeout)
    },
  }
}

/** A ledger of this process alone, empty at first, with the writer that charges it. */
export async function inProcessLedger(cluster: () => Cluster): Promise<LedgerWriter> {
  const clock = SYSTEM_CLOCK
  const writer = ledgerWriter({
    id: randomUUID(),
    store: memoryStore(),
    quotas: () => cluster().quotas,
    clock,
    timer: systemTimer(clock),
    pendingMs: PENDING_MS,
    gangHoldMs: GANG_HOLD_MS,
    maxCharges: Number.POSITIVE_INFINITY,
    retryAfterMs: 1_000,
  })
  // Mutation foretells tiers from the last ledger seen, so each has to be seen once before the first pod.
  for (const tree of cluster().quotas.trees.keys()) await writer.refresh(tree)
  return writer
}
