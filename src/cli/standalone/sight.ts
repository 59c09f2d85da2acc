/** What a process without a cluster makes plans from: its own pods, its own ledger, and who was refused here. */
import type { Cluster } from '../../admission/cluster.ts'
import type { RefusedDemands } from '../../admission/refused-demand.ts'
import type { Sight } from '../../controller/rebalancing/cycle.ts'
import type { LedgerWriter } from '../../quota/writer.ts'
import type { Snapshot } from '../../rebalance/snapshot.ts'
import type { Evictions } from './evictions.ts'
import type { PodHost } from './host.ts'
import { heldPod } from './pods.ts'

interface SightDeps {
  readonly cluster: Cluster
  readonly host: PodHost
  readonly writer: Pick<LedgerWriter, 'book'>
  readonly refused: Pick<RefusedDemands, 'demands'>
  readonly evictions: Evictions
  readonly now: () => number
}

/** Nodes and PodDisruptionBudgets do not exist here, and nobody measures how much a GPU does. */
export function standaloneSight({ cluster, host, writer, refused, evictions, now }: SightDeps) {
  return (tree: string): Sight => {
    const book = writer.book(tree)
    if (book === undefined) return { kind: 'unclear', why: 'its ledger has not been read yet' }
    const snapshot: Snapshot = {
      nowMs: now(),
      book,
      pods: host.of(tree).map(heldPod),
      refused: refused.demands().filter(({ tenant }) => book.quota.tenants.has(tenant)),
      nodes: null,
      disruptionsAllowed: new Map(),
      terms: cluster.reclaimTerms,
      evictedLastHour: evictions.lastHour(),
    }
    return { kind: 'seen', snapshot }
  }
}
