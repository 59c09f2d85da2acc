/** What the leader does with what it counts: capacity goes back to whom it belongs. */
import type { Log } from '../../admission/endpoint.ts'
import { textAt } from '../../admission/objects.ts'
import type { RefusedDemands } from '../../admission/refused-demand.ts'
import type { SoundCluster } from '../../admission/sound-cluster.ts'
import type { ClusterState } from '../../controller/cluster/cluster-state.ts'
import type { Counting } from '../../controller/counting/recount.ts'
import { podDisruptionBudgets } from '../../controller/rebalancing/budgets.ts'
import { nodeShapes } from '../../controller/rebalancing/node-shapes.ts'
import { rebalanceCluster } from '../../controller/rebalancing/on-cluster.ts'
import type { Rebalancing } from '../../controller/rebalancing/rebalance.ts'
import type { SightDeps } from '../../controller/rebalancing/sight.ts'
import type { Edge } from '../../kubernetes/edge.ts'
import { planIssues } from '../../rebalance/check/plan-issues.ts'
import { planOf } from '../../rebalance/plan-of.ts'
import type { NodeShape } from '../../rebalance/snapshot.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { RebalanceMetrics } from '../../telemetry/rebalance-metrics.ts'
import { SYSTEM_CLOCK, timerOn } from '../time.ts'
import type { OwnLedger } from './ledger.ts'
import type { ReplicaSettings } from './settings.ts'

interface RebalancingDeps extends Pick<SightDeps, 'utilisation'> {
  readonly settings: Pick<ReplicaSettings, 'identity' | 'isRebalancing'>
  readonly edge: Edge
  readonly state: ClusterState
  readonly own: OwnLedger
  readonly demand: Pick<RefusedDemands, 'demands'>
  readonly metrics: Pick<Metrics, 'rebalancing'>
  readonly log: Log
}

export interface ReplicaRebalancing {
  /** Begins with a count, and ends before it. Absent where nobody rebalances. */
  readonly begin: ((counting: Counting) => Rebalancing) | undefined
  /** Another replica leads. */
  lost(): void
}

export function rebalancing(deps: RebalancingDeps): ReplicaRebalancing {
  if (!deps.settings.isRebalancing) return { begin: undefined, lost() {} }
  const observer = deps.metrics.rebalancing()
  return { begin: counting => begun(counting, deps, observer), lost: observer.lost }
}

function begun(counting: Counting, deps: RebalancingDeps, observer: RebalanceMetrics): Rebalancing {
  const { settings, edge, state, own, demand, log, utilisation } = deps
  const budgets = podDisruptionBudgets()
  const following = edge.follow(budgets.collection)
  const loop = rebalanceCluster(counting, {
    cluster: state.cluster,
    problem: () => state.problem() ?? following.problem() ?? budgets.problem(),
    nodes: shapesOf(state),
    budgets,
    refused: demand.demands,
    utilisation,
    api: edge.api,
    ledger: own.writer,
    identity: settings.identity,
    planOf,
    planIssues,
    observer,
    uidOf: cohort => textAt(state.sound()?.objects.get(`Cohort ${cohort}`)?.value, 'metadata', 'uid'),
    clock: SYSTEM_CLOCK,
    timer: timerOn(SYSTEM_CLOCK),
    log,
  })
  return {
    counted: loop.counted,
    stop() {
      loop.stop()
      following.stop()
    },
  }
}

/** The shapes of the nodes that are in force, made anew when the cluster was compiled anew. */
function shapesOf({ sound, cluster }: ClusterState): () => readonly NodeShape[] {
  let last: { readonly sound: SoundCluster | undefined; readonly shapes: readonly NodeShape[] } | undefined
  return () => {
    const now = sound()
    if (last === undefined || last.sound !== now)
      last = { sound: now, shapes: nodeShapes(now?.objects.values() ?? [], cluster().classes) }
    return last.shapes
  }
}
