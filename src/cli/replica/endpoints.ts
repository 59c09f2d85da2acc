/** What a replica answers. */
import { adviseWorkloads } from '../../../webhooks/advise-workloads.ts'
import { chargeForPeers } from '../../../webhooks/charge-for-peers.ts'
import { denialsFromPeers } from '../../../webhooks/denials-from-peers.ts'
import { explainPods } from '../../../webhooks/explain.ts'
import { mutatePods } from '../../../webhooks/mutate-pods.ts'
import { readUsage } from '../../../webhooks/usage.ts'
import { validateObjects } from '../../../webhooks/validate-objects.ts'
import { type Refusals, validatePods } from '../../../webhooks/validate-pods.ts'
import { quotaDesk } from '../../admission/desk.ts'
import type { Endpoint, Log, Reading } from '../../admission/endpoint.ts'
import type { ExemptNamespaces } from '../../admission/exempt.ts'
import type { PlacedObject } from '../../admission/objects.ts'
import { questionRefused } from '../../admission/question.ts'
import type { RecentDenials } from '../../admission/recent-denials.ts'
import type { RefusedDemands } from '../../admission/refused-demand.ts'
import type { Validation } from '../../admission/validate.ts'
import type { ClusterState } from '../../controller/cluster/cluster-state.ts'
import type { LedgerWriter } from '../../quota/writer.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { policyFailures } from '../../telemetry/policy-failures.ts'
import { STEADY_CLOCK, SYSTEM_CLOCK } from '../time.ts'
import type { OwnLedger } from './ledger.ts'
import type { ReplicaSettings } from './settings.ts'

interface EndpointDeps {
  readonly settings: ReplicaSettings
  readonly state: ClusterState
  readonly library: readonly PlacedObject[]
  readonly exempt: ExemptNamespaces
  readonly own: OwnLedger
  /** Forwards to the leader. */
  readonly ledger: LedgerWriter
  readonly recent: RecentDenials
  readonly demand: RefusedDemands
  readonly refused: Refusals
  readonly self: string
  readonly metrics: Metrics
  readonly log: Log
}

export function endpointsOf(deps: EndpointDeps): {
  readonly endpoints: readonly Endpoint[]
  readonly readings: readonly Reading[]
} {
  const { settings, state, library, exempt, own, ledger, recent, demand, refused, self, metrics, log } = deps
  const { cluster } = state
  const desk = quotaDesk(ledger, () => cluster().quotas, SYSTEM_CLOCK)
  const observer = policyFailures({ metrics, log, clock: STEADY_CLOCK })
  const shared = { cluster, exempt, clock: SYSTEM_CLOCK, observer }
  const refusals = {
    denied(validation: Validation) {
      recent.denied(validation)
      demand.denied(validation)
      refused.denied(validation)
    },
    admitted(validation: Validation) {
      demand.admitted(validation)
      refused.admitted(validation)
    },
  }
  const isSelf = (user: { readonly username?: string } | undefined) => user?.username === self
  const endpoints = [
    mutatePods({ ...shared, forecast: desk }),
    validatePods({ ...shared, desk, refusals, isSelf, unmutated: { forecast: desk, action: settings.unmutated } }),
    validateObjects({
      ...shared,
      layers: () => [library, state.objects()],
      reread: async () => [library, await state.reread()],
      ledger,
      isSelf,
    }),
    adviseWorkloads({ ...shared, ledger }),
    explainPods({ ...shared, ledger }),
    // What was forwarded once is not forwarded again.
    chargeForPeers({ ledger: own.writer, clock: SYSTEM_CLOCK }),
    denialsFromPeers({ recent, demand, clock: SYSTEM_CLOCK }),
  ]
  const isReady = () => state.sound() !== undefined
  return {
    endpoints: endpoints.map(endpoint => onceReady(endpoint, isReady)),
    readings: [readUsage({ ...shared, ledger })].map(reading => ({
      ...reading,
      answer: query => (isReady() ? reading.answer(query) : NOT_YET),
    })),
  }
}

/** Nobody is sent here before this replica is ready; who comes all the same is told so. */
function onceReady(endpoint: Endpoint, isReady: () => boolean): Endpoint {
  return { ...endpoint, answer: (body, call) => (isReady() ? endpoint.answer(body, call) : NOT_YET) }
}

const NOT_YET = questionRefused(503, [{ at: 'replica', problem: 'the cluster has not been listed yet' }])
