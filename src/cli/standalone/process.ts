/** What a process has instead of a cluster: a ledger, pods, and a leader that counts and rebalances them. */
import type { Refusals } from '../../../webhooks/validate-pods.ts'
import type { Cluster } from '../../admission/cluster.ts'
import type { Log } from '../../admission/endpoint.ts'
import { refusedDemand } from '../../admission/refused-demand.ts'
import { type CycleDeps, type CycleReport, runCycle } from '../../controller/rebalancing/cycle.ts'
import { setbacks } from '../../controller/rebalancing/setbacks.ts'
import { type RebalancingObserver, reportTeller } from '../../controller/rebalancing/told-report.ts'
import type { LedgerWriter } from '../../quota/writer.ts'
import { planIssues } from '../../rebalance/check/plan-issues.ts'
import { planOf } from '../../rebalance/plan-of.ts'
import type { ProcessTime } from '../time.ts'
import { evictions } from './evictions.ts'
import { standaloneHands } from './hands.ts'
import { type PodHost, podHost } from './host.ts'
import { inProcessLedger } from './ledger.ts'
import { standaloneSight } from './sight.ts'

export interface StandaloneProcess {
  readonly ledger: LedgerWriter
  readonly pods: PodHost
  readonly refusals: Refusals
  /** Counts, then plans for each tree. Rejects when the store fails. */
  round(): Promise<readonly CycleReport[]>
}

export interface StandaloneDeps {
  /** Nobody changes it while the process runs. */
  readonly cluster: Cluster
  readonly time: ProcessTime
  readonly observer: RebalancingObserver
  readonly log: Log
}

export async function standaloneProcess({ cluster, time, observer, log }: StandaloneDeps): Promise<StandaloneProcess> {
  const { clock } = time
  const { now } = clock
  const ledger = await inProcessLedger(() => cluster, time)
  const host = podHost({ writer: ledger, quotas: cluster.quotas, clock })
  const refused = refusedDemand(clock)
  const past = evictions(now)
  const see = standaloneSight({ cluster, host, writer: ledger, refused, evictions: past, now })
  const treeOf = (tenant: string) => cluster.quotas.treeOfTenant.get(tenant)?.name ?? tenant
  const cycle: CycleDeps = {
    see: async tree => see(tree),
    planOf,
    planIssues,
    hands: standaloneHands({ host, writer: ledger, treeOf, evictions: past, now }),
    setbacks: setbacks(clock),
    book: ledger.book,
    clock,
    isOver: () => false,
  }
  // There is nowhere to put events, and nobody to read them.
  const { told } = reportTeller({ observer, log, tell: async () => true, uidOf: () => undefined, clock })

  async function plan(tree: string): Promise<readonly CycleReport[]> {
    try {
      const report = await runCycle(tree, cycle)
      told(report)
      return [report]
    } catch (cause) {
      log.problem('a plan could not be made', cause, { tree })
      return []
    }
  }

  return {
    ledger,
    pods: host,
    refusals: {
      denied: refused.denied,
      admitted(validation) {
        refused.admitted(validation)
        host.admitted(validation)
      },
    },
    async round() {
      await host.recount()
      const reports: CycleReport[] = []
      for (const tree of cluster.quotas.trees.keys()) reports.push(...(await plan(tree)))
      return reports
    },
  }
}
