/** Waking whom this replica has refused. */

import type { Refusals } from '../../../webhooks/validate-pods.ts'
import type { Cluster } from '../../admission/cluster.ts'
import type { Log } from '../../admission/endpoint.ts'
import { refusedOwners } from '../../controller/refused.ts'
import { wakeRefused } from '../../controller/wake.ts'
import type { LedgerWriter } from '../../quota/writer.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { SYSTEM_CLOCK, timerOn } from '../time.ts'
import type { Api } from './api.ts'
import type { ReplicaSettings } from './settings.ts'

export interface ReplicaWaking {
  readonly refused: Refusals
  /** A ledger has a newer version. */
  newer(): void
  stop(): void
}

const NOBODY: ReplicaWaking = { refused: { denied() {}, admitted() {} }, newer() {}, stop() {} }

interface WakingDeps {
  readonly settings: ReplicaSettings
  readonly api: Api
  readonly cluster: () => Cluster
  readonly ledger: () => LedgerWriter
  readonly metrics: Metrics
  readonly log: Log
}

export function wakingRefused({ settings, api, cluster, ledger, metrics, log }: WakingDeps): ReplicaWaking {
  if (!settings.isWaking) return NOBODY
  const observer = metrics.waking()
  const refused = refusedOwners({ clock: SYSTEM_CLOCK, observer })
  observer.watchRefused(refused.size)
  const { newer, stop } = wakeRefused({
    refused,
    quotas: () => cluster().quotas,
    ledger: { book: tree => ledger().book(tree), refresh: tree => ledger().refresh(tree) },
    api: api.general,
    clock: SYSTEM_CLOCK,
    timer: timerOn(SYSTEM_CLOCK),
    observer,
    log,
  })
  return { refused, newer, stop }
}
