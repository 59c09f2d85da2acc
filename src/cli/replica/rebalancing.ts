/** What the leader does with what it counts: capacity goes back to whom it belongs. */
import type { Log } from '../../admission/endpoint.ts'
import { textAt } from '../../admission/objects.ts'
import type { RefusedDemands } from '../../admission/refused-demand.ts'
import type { SoundCluster } from '../../admission/sound-cluster.ts'
import type { ClusterState } from '../../controller/cluster/cluster-state.ts'
import type { Counting } from '../../controller/counting/recount.ts'
import { podDisruptionBudgets } from '../../controller/rebalancing/budgets.ts'
import { clusterHands } from '../../controller/rebalancing/cluster-hands.ts'
import { eventTeller } from '../../controller/rebalancing/events.ts'
import { nodeShapes } from '../../controller/rebalancing/node-shapes.ts'
import { pastEvictions } from '../../controller/rebalancing/past-evictions.ts'
import { type Rebalancing, startRebalancing } from '../../controller/rebalancing/rebalance.ts'
import { clusterSight, type SightDeps } from '../../controller/rebalancing/sight.ts'
import { reportTeller } from '../../controller/rebalancing/told-report.ts'
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
  return { begin: planningWith(deps, observer), lost: observer.lost }
}

function planningWith(deps: RebalancingDeps, observer: RebalanceMetrics): (counting: Counting) => Rebalancing {
  const { settings, edge, state, own, demand, log, utilisation } = deps
  const clock = SYSTEM_CLOCK
  const quotas = () => state.cluster().quotas
  const terms = () => state.cluster().reclaimTerms
  const book = (tree: string) => own.writer.book(tree)
  const refused = (tree: string) => demand.demands().filter(({ tenant }) => treeOf(tenant) === tree)
  const treeOf = (tenant: string) => quotas().treeOfTenant.get(tenant)?.name

  return counting => {
    const budgets = podDisruptionBudgets()
    const following = edge.follow(budgets.collection)
    let areBudgetsListed = false
    void following.listed.then(() => {
      areBudgetsListed = true
    })
    const past = pastEvictions(edge.api, clock)
    const tell = eventTeller({ api: edge.api, clock, identity: settings.identity, log })
    const hands = clusterHands({ api: edge.api, ledger: own.writer, treeOf, pod: counting.pod, tell, past, clock })
    const unlisted = () => (areBudgetsListed ? undefined : 'the PodDisruptionBudgets have not been listed yet')
    const loop = startRebalancing({
      trees: () => quotas().trees.keys(),
      isOff: tree => isOff(tree, state),
      isAsked: tree => refused(tree).length > 0,
      prepare: past.begin,
      hasten: counting.hasten,
      see: clusterSight({
        problem: () => state.problem() ?? counting.problem() ?? following.problem() ?? unlisted(),
        counted: counting.counted,
        writtenUpTo: hands.writtenUpTo,
        quotas,
        terms,
        nodes: shapesOf(state),
        budgets,
        evicted: past,
        refused,
        utilisation,
        clock,
      }),
      planOf,
      planIssues,
      hands,
      book,
      told: reportTeller({ observer, log, tell, uidOf: cohort => uidOf(cohort, state.sound()), clock }),
      clock,
      timer: timerOn(clock),
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
}

function isOff(tree: string, { cluster }: ClusterState): boolean {
  const { quotas, reclaimTerms } = cluster()
  const roles = quotas.trees.get(tree)?.roles ?? []
  return roles.every(role => role.kind !== 'cohort' || reclaimTerms.get(role.cohort)?.mode === 'Off')
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

function uidOf(cohort: string, sound: SoundCluster | undefined): string | undefined {
  return textAt(sound?.objects.get(`Cohort ${cohort}`)?.value, 'metadata', 'uid')
}
