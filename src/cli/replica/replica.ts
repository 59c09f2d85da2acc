/** One replica in a cluster, put together: what each does, and what the leader does besides. */
import { randomUUID } from 'node:crypto'
import { adviseWorkloads } from '../../../webhooks/advise-workloads.ts'
import { chargeForPeers } from '../../../webhooks/charge-for-peers.ts'
import { DENIALS_FROM_PEERS, denialsFromPeers } from '../../../webhooks/denials-from-peers.ts'
import { explainPods } from '../../../webhooks/explain.ts'
import { mutatePods } from '../../../webhooks/mutate-pods.ts'
import { readUsage } from '../../../webhooks/usage.ts'
import { validateObjects } from '../../../webhooks/validate-objects.ts'
import { validatePods } from '../../../webhooks/validate-pods.ts'
import { CODES } from '../../admission/codes.ts'
import { quotaDesk } from '../../admission/desk.ts'
import type { Endpoint, Log } from '../../admission/endpoint.ts'
import { exemptNamespaces } from '../../admission/exempt.ts'
import { textAt } from '../../admission/objects.ts'
import type { Validation } from '../../admission/validate.ts'
import { clusterState } from '../../controller/cluster-state.ts'
import { denialReports, denialsJson } from '../../controller/denial-reports.ts'
import { recentDenials } from '../../controller/recent-denials.ts'
import { startCounting } from '../../controller/recount.ts'
import { refusedOwners } from '../../controller/refused.ts'
import { usageObjects } from '../../controller/usage-objects.ts'
import { wakeRefused } from '../../controller/wake.ts'
import type { ReadinessCheck } from '../../http/probes.ts'
import { peerClient } from '../../http/peer.ts'
import { createHttpServer, type HttpServer } from '../../http/server.ts'
import { electLeader } from '../../kubernetes/lease.ts'
import { type Parsed, parsed } from '../../schema/parsed.ts'
import { createMetrics } from '../../telemetry/metrics.ts'
import { readLibrary } from '../cluster.ts'
import { quotaRows } from '../quota-rows.ts'
import { STEADY_CLOCK, SYSTEM_CLOCK, timerOn } from '../time.ts'
import { openApi } from './api.ts'
import { certificateDuty, certificateOf } from './certificate.ts'
import { duties } from './duties.ts'
import { forwardedLedger, ownLedger } from './ledger.ts'
import { registering } from './registering.ts'
import { type ReplicaSettings, serviceName } from './settings.ts'

export interface Replica {
  readonly server: HttpServer
  readonly port: number
  /** Gives up what others wait for, and ends what is followed. */
  finish(): Promise<void>
}

const LEASE = 'sluice'
