/** What the leader does for the ledgers, and for those who want to know what they use. */
import type { Cluster } from '../../admission/cluster.ts'
import type { Log } from '../../admission/endpoint.ts'
import type { ExemptNamespaces } from '../../admission/exempt.ts'
import type { RecentDenials } from '../../admission/recent-denials.ts'
import type { ClusterState } from '../../controller/cluster/cluster-state.ts'
import { type Counting, type CountingObserver, startCounting } from '../../controller/counting/recount.ts'
import type { Rebalancing } from '../../controller/rebalancing/rebalance.ts'
import { reportConditions } from '../../controller/reports/condition-report.ts'
import { usageObjects } from '../../controller/reports/usage-objects.ts'
import type { Edge } from '../../kubernetes/edge.ts'
import { STEADY_CLOCK, SYSTEM_CLOCK, timerOn } from '../time.ts'
import type { Duty } from './duties.ts'
import type { OwnLedger } from './ledger.ts'

interface LeadingDeps {
  readonly edge: Edge
  readonly cluster: () => Cluster
  readonly own: OwnLedger
  readonly log: Log
}

interface CountingDeps extends LeadingDeps {
  readonly exempt: ExemptNamespaces
  readonly observer: CountingObserver
  /** Absent where nobody rebalances. */
  readonly rebalancing: ((counting: Counting) => Rebalancing) | undefined
}

/** Counts, and plans by each count. */
export function counting({ edge, cluster, exempt, own, observer, rebalancing, log }: CountingDeps): Duty {
  return () => {
    let planning: Rebalancing | undefined
    const counting = startCounting({
      cluster,
      exempt,
      follow: edge.follow,
      api: edge.api,
      writer: own.writer,
      ledgers: own.objects.trees,
      clock: SYSTEM_CLOCK,
      steady: STEADY_CLOCK,
      timer: timerOn(SYSTEM_CLOCK),
      observer: {
        ...observer,
        recounted(durationMs) {
          observer.recounted(durationMs)
          planning?.counted()
        },
      },
      log,
    })
    planning = rebalancing?.(counting)
    return () => {
      planning?.stop()
      counting.stop()
    }
  }
}

export function usageWriting({
  edge,
  cluster,
  own,
  recent,
  log,
}: LeadingDeps & { readonly recent: RecentDenials }): Duty {
  return () => {
    const { stop } = usageObjects({
      cluster,
      book: own.writer.book,
      denials: recent.denials,
      api: edge.api,
      follow: edge.follow,
      clock: SYSTEM_CLOCK,
      timer: timerOn(SYSTEM_CLOCK),
      log,
    })
    return stop
  }
}

interface ReportingDeps extends Omit<LeadingDeps, 'cluster'> {
  readonly state: ClusterState
}

/** Tells each document what became of it. */
export function conditionWriting({ edge, state, own, log }: ReportingDeps): Duty {
  return () => {
    const reports = reportConditions({
      server: edge.api,
      follow: edge.follow,
      sound: state.sound,
      ledger: own.writer,
      clock: SYSTEM_CLOCK,
      timer: timerOn(SYSTEM_CLOCK),
      log,
    })
    const leave = state.onChange(() => reports.hasten())
    return () => {
      leave()
      reports.stop()
    }
  }
}
