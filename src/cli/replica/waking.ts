/** Waking whom this replica has refused. */

import type { Refusals } from '../../../webhooks/validate-pods.ts'
import type { Cluster } from '../../admission/cluster.ts'
import type { Log } from '../../admission/endpoint.ts'
import { refusedOwners } from '../../controller/waking/refused.ts'
import { type Waking, wakeRefused } from '../../controller/waking/wake.ts'
import type { Edge } from '../../kubernetes/edge.ts'
import type { LedgerWriter } from '../../quota/writer.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { SYSTEM_CLOCK, timerOn } from '../time.ts'
import type { ReplicaSettings } from './settings.ts'

export interface ReplicaWaking {
  readonly refused: Refusals
  /** A ledger has a newer version. */
  newer(): void
  /** To be called when the cluster is known. */
  begin(): void
  stop(): void
}

const NOBODY: ReplicaWaking = { refused: { denied() {}, admitted() {} }, newer() {}, begin() {}, stop() {} }

interface WakingDeps {
  readonly settings: ReplicaSettings
  readonly edge: Edge
  readonly cluster: () => Cluster
  readonly ledger: Pick<LedgerWriter, 'book' | 'refresh'>
  readonly metrics: Metrics
  readonly log: Log
}

export function wakingRefused({ settings, edge, cluster, ledger, metrics, log }: WakingDeps): ReplicaWaking {
  if (!settings.isWaking) return NOBODY
  const observer = metrics.waking()
  const refused = refusedOwners({ clock: SYSTEM_CLOCK, observer })
  observer.watchRefused(refused.size)
  let waking: Waking | undefined
  return {
    refused,
    newer: () => waking?.newer(),
    begin() {
      waking = wakeRefused({
        refused,
        quotas: () => cluster().quotas,
        ledger,
        api: edge.api,
        clock: SYSTEM_CLOCK,
        timer: timerOn(SYSTEM_CLOCK),
        observer,
        log,
      })
    },
    stop: () => waking?.stop(),
  }
}
