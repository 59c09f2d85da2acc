/** What a process has instead of a cluster: a ledger, pods, and a leader that counts and rebalances them. */

import type { Refusals } from '../../../webhooks/validate-pods.ts'
import type { Cluster } from '../../admission/cluster.ts'
import type { Log } from '../../admission/endpoint.ts'
import { type CycleReport, runCycle } from '../../controller/rebalancing/cycle.ts'
import { refusedOwners } from '../../controller/waking/refused.ts'
import type { LedgerWriter } from '../../quota/writer.ts'
import { planIssues } from '../../rebalance/check/plan-issues.ts'
import { planOf } from '../../rebalance/plan-of.ts'
import { formatIssue } from '../../schema/parsed.ts'
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
  /** Counts, then rebalances each tree. Rejects when the store fails. */
  round(): Promise<readonly CycleReport[]>
}

export async function standaloneProcess(
  cluster: Cluster,
  { clock, timer }: ProcessTime,
  log: Log,
): Promise<StandaloneProcess> {
  const { now } = clock
  const writer = await inProcessLedger(() => cluster, { clock, timer })
  const host = podHost({ writer, quotas: cluster.quotas, clock })
  const refused = refusedOwners({ clock, observer: { unwakeable() {}, reached() {} } })
  const evicted = evictions(now)
  const see = standaloneSight({ cluster, host, writer, refused, evictions: evicted, now })
  const treeOf = (tenant: string) => cluster.quotas.treeOfTenant.get(tenant)?.name ?? tenant
  const hands = standaloneHands({ host, writer, treeOf, evictions: evicted, now })

  return {
    ledger: writer,
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
      for (const tree of cluster.quotas.trees.keys()) {
        const deps = {
          see: async () => see(tree),
          planOf,
          planIssues,
          hands,
          book: writer.book,
          clock,
          isOver: () => false,
        }
        reports.push(await runCycle(tree, deps))
      }
      for (const report of reports) tell(report, log)
      return reports
    },
  }
}

function tell(report: CycleReport, log: Log): void {
  const { tree } = report
  switch (report.kind) {
    case 'unclear':
      log.problem('nothing was planned', undefined, { tree, reason: report.why })
      return
    case 'rejected':
      log.problem('a plan was rejected', undefined, { tree, reason: report.issues.map(formatIssue).join('; ') })
      return
    case 'carried-out':
      for (const { step, outcome } of report.taken) {
        const context = { tree, reason: step.rule, object: step.kind }
        if (outcome.kind === 'failed') log.problem('a step failed', outcome.cause, context)
        else log.event(`${step.kind} ${outcome.kind}`, context)
      }
  }
}
