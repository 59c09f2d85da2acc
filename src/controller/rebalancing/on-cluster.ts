/** The rebalancer of a cluster, put together over the count of its pods. */
import type { Cluster } from '../../admission/cluster.ts'
import type { LedgerWriter } from '../../quota/writer.ts'
import type { RefusedDemand } from '../../rebalance/snapshot.ts'
import type { ApiServer } from '../api-server.ts'
import type { CountedTree, Counting } from '../counting/recount.ts'
import type { Budgets } from './budgets.ts'
import { clusterHands } from './cluster-hands.ts'
import { eventTeller } from './events.ts'
import { pastEvictions } from './past-evictions.ts'
import { type Rebalancing, type RebalancingDeps, startRebalancing } from './rebalance.ts'
import { refusedByTree } from './refused-by-tree.ts'
import { clusterSight, type SightDeps } from './sight.ts'
import { reportTeller, type TellingDeps } from './told-report.ts'

export interface ClusterRebalancingDeps
  extends Pick<SightDeps, 'nodes' | 'utilisation'>,
    Pick<TellingDeps, 'observer' | 'uidOf' | 'log'>,
    Pick<RebalancingDeps, 'planOf' | 'planIssues' | 'clock' | 'timer'> {
  readonly cluster: () => Cluster
  /** Why what is followed beside the pods may be out of date. */
  readonly problem: () => string | undefined
  readonly budgets: Budgets
  readonly refused: () => readonly RefusedDemand[]
  readonly api: ApiServer
  readonly ledger: Pick<LedgerWriter, 'amend' | 'book'>
  /** The name of this replica. */
  readonly identity: string
}

/** Plans by each count until it is stopped. */
export function rebalanceCluster(counting: Counting, deps: ClusterRebalancingDeps): Rebalancing {
  const { api, cluster, ledger, clock } = deps
  const quotas = () => cluster().quotas
  const treeOf = (tenant: string) => quotas().treeOfTenant.get(tenant)?.name
  const refused = refusedByTree({ refused: deps.refused, treeOf, clock })
  const past = pastEvictions(deps)
  const tell = eventTeller(deps)
  const hands = clusterHands({ api, ledger, treeOf, pod: counting.pod, tell, past, clock })
  const see = clusterSight({
    ...deps,
    problem: () => counting.problem() ?? deps.problem(),
    counted: counting.counted,
    writtenUpTo: hands.writtenUpTo,
    spoken: hands.spoken,
    quotas,
    terms: () => cluster().reclaimTerms,
    evicted: past,
    refused,
  })
  return startRebalancing({
    ...deps,
    trees: () => quotas().trees.keys(),
    isOff: tree => isOff(tree, cluster()) && !hasNotices(counting.counted(tree)),
    isAsked: tree => refused(tree).length > 0,
    prepare: () => {
      if (areEvictionsCounted(cluster())) past.begin()
    },
    hasten: counting.hasten,
    see,
    hands,
    book: ledger.book,
    ...reportTeller({ ...deps, tell }),
  })
}

function areEvictionsCounted({ reclaimTerms }: Cluster): boolean {
  return reclaimTerms.values().some(({ evictionsPerHour }) => evictionsPerHour !== null)
}

function isOff(tree: string, { quotas, reclaimTerms }: Cluster): boolean {
  const roles = quotas.trees.get(tree)?.roles ?? []
  return roles.every(role => role.kind !== 'cohort' || reclaimTerms.get(role.cohort)?.mode === 'Off')
}

/** Notices given before the mode became Off are still to be taken off. */
function hasNotices(counted: CountedTree | undefined): boolean {
  return counted !== undefined && Iterator.from(counted.pods).some(({ facts }) => facts.standing.notice !== null)
}
