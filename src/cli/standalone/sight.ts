/** What a process without a cluster makes plans from: its own pods, its own ledger, and who was refused here. */
import type { Cluster } from '../../admission/cluster.ts'
import type { Sight } from '../../controller/rebalancing/cycle.ts'
import type { RefusedOwner, RefusedOwners } from '../../controller/waking/refused.ts'
import { ownerBits } from '../../quota/claim.ts'
import type { LedgerWriter } from '../../quota/writer.ts'
import type { RefusedDemand } from '../../rebalance/snapshot.ts'
import type { Evictions } from './evictions.ts'
import type { PodHost } from './host.ts'
import { heldPod } from './pods.ts'

interface SightDeps {
  readonly cluster: Cluster
  readonly host: PodHost
  readonly writer: Pick<LedgerWriter, 'book'>
  readonly refused: Pick<RefusedOwners, 'byTenant'>
  readonly evictions: Evictions
  readonly now: () => number
}

/** Nodes and PodDisruptionBudgets do not exist here, and nobody measures how much a GPU does. */
export function standaloneSight({ cluster, host, writer, refused, evictions, now }: SightDeps) {
  return (tree: string): Sight => {
    const book = writer.book(tree)
    if (book === undefined) return { kind: 'unclear', why: 'its ledger has not been read yet' }
    const snapshot = {
      nowMs: now(),
      book,
      pods: host.of(tree).map(heldPod),
      refused: refusedIn(book.quota.tenants, refused, now()),
      nodes: null,
      disruptionsAllowed: new Map(),
      terms: cluster.reclaimTerms,
      evictedLastHour: evictions.lastHour(),
    }
    return { kind: 'seen', snapshot }
  }
}

/** A controller that has not tried for longer than this may have given up. client-go's back-off doubles, so it is not much shorter. */
const RECENT_MS = 10 * 60_000

function refusedIn(
  tenants: ReadonlyMap<string, unknown>,
  refused: Pick<RefusedOwners, 'byTenant'>,
  nowMs: number,
): readonly RefusedDemand[] {
  return [...refused.byTenant()]
    .filter(([tenant]) => tenants.has(tenant))
    .flatMap(([, owners]) => owners.filter(({ seenMs }) => seenMs > nowMs - RECENT_MS).map(demandOf))
}

function demandOf({ owner, ask, sinceMs, seenMs }: RefusedOwner): RefusedDemand {
  const { namespace, kind, name, uid } = owner
  return {
    tenant: ask.tenant,
    tier: ask.tier,
    demand: ask.demand,
    gang: ask.gang,
    owner: ownerBits(namespace, uid),
    name: `${kind} ${namespace}/${name}`,
    sinceMs,
    lastMs: seenMs,
  }
}
