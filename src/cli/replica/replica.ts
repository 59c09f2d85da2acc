/** One replica in a cluster, put together. */
import { randomUUID } from 'node:crypto'
import { DENIALS_FROM_PEERS } from '../../../webhooks/denials-from-peers.ts'
import { CODES } from '../../admission/codes.ts'
import { denialsJson } from '../../admission/denials-json.ts'
import type { Log } from '../../admission/endpoint.ts'
import { exemptNamespaces } from '../../admission/exempt.ts'
import { textAt } from '../../admission/objects.ts'
import { recentDenials } from '../../admission/recent-denials.ts'
import { refusedDemand } from '../../admission/refused-demand.ts'
import { demandNewsJson } from '../../admission/refused-demand-json.ts'
import { clusterState } from '../../controller/cluster/cluster-state.ts'
import { denialReports } from '../../controller/reports/denial-reports.ts'
import { peerClient } from '../../http/peer.ts'
import { createHttpServer, type HttpServer } from '../../http/server.ts'
import type { Edge } from '../../kubernetes/edge.ts'
import { electLeader } from '../../kubernetes/lease.ts'
import { type Parsed, parsed } from '../../schema/parsed.ts'
import { createMetrics } from '../../telemetry/metrics.ts'
import { readLibrary } from '../cluster.ts'
import { quotaRows } from '../quota-rows.ts'
import { STEADY_CLOCK, SYSTEM_CLOCK, timerOn } from '../time.ts'
import { openApi } from './api.ts'
import { certificateDuty, certificateOf } from './certificate.ts'
import { duties } from './duties.ts'
import { endpointsOf } from './endpoints.ts'
import { conditionWriting, counting, usageWriting } from './leading.ts'
import { forwardedLedger, ownLedger } from './ledger.ts'
import { rebalancing } from './rebalancing.ts'
import { registering } from './registering.ts'
import { type ReplicaSettings, serviceName } from './settings.ts'
import { readingUtilisation } from './utilisation.ts'
import { wakingRefused } from './waking.ts'

export interface Replica {
  readonly server: HttpServer
  readonly port: number
  /** Gives up what others would wait for, and ends what is followed. */
  finish(): Promise<void>
}

const LEASE = 'sluice'

/** Listens as soon as there is a certificate; it is ready when the cluster has been listed. */
export async function startReplica(settings: ReplicaSettings, log: Log): Promise<Parsed<Replica>> {
  const metrics = createMetrics({ codes: Object.keys(CODES) })
  const counted = metrics.counting(log)
  const library = readLibrary()
  if (!library.ok) return library
  const opened = await openApi(settings.kubeconfig, log)
  if (!opened.ok) return opened
  const edge = opened.value
  const self = await ownUser(edge, settings)
  const exempt = exemptNamespaces([settings.namespace, ...settings.exemptNamespaces])
  const steady = { clock: STEADY_CLOCK, timer: timerOn(STEADY_CLOCK) }
  const calendar = { clock: SYSTEM_CLOCK, timer: timerOn(SYSTEM_CLOCK) }

  const demand = refusedDemand(SYSTEM_CLOCK)
  const state = clusterState({
    server: edge.api,
    follow: edge.follow,
    library: library.value,
    onOwnerGone: demand.gone,
    log,
    ...steady,
  })
  const cluster = state.cluster
  const waking = wakingRefused({
    settings,
    edge,
    cluster,
    ledger: { book: tree => own.writer.book(tree), refresh: tree => own.writer.refresh(tree) },
    metrics,
    log,
  })
  const own = ownLedger({ edge, cluster, metrics, pendingMs: settings.pendingMs, onNewer: waking.newer })
  const recent = recentDenials(SYSTEM_CLOCK)

  const leading = metrics.leading()
  const utilisation = readingUtilisation({ settings, observer: leading, log })
  const planning = rebalancing({ settings, edge, state, own, demand, utilisation: utilisation.of, metrics, log })
  const { promise: served, resolve: isServed } = Promise.withResolvers<void>()
  const registered = registering(settings, {
    edge,
    cluster,
    certificate: () => certificate,
    exempt,
    self,
    observer: leading,
    log,
  })
  const isUp = Promise.all([served, state.ready])
  const leaderDuties = duties(
    [
      { begin: certificateDuty(settings, { edge, log, metrics }, registered.isTrusted), after: Promise.resolve() },
      { begin: registered.duty, after: isUp },
      {
        begin: counting({ edge, cluster, exempt, own, observer: leading, rebalancing: planning.begin, log }),
        after: isUp,
      },
      { begin: usageWriting({ edge, cluster, own, recent, log }), after: isUp },
      { begin: conditionWriting({ edge, state, own, log }), after: isUp },
      { begin: utilisation.duty, after: isUp },
    ],
    log,
  )
  const election = electLeader({
    api: edge.lease,
    namespace: settings.namespace,
    name: LEASE,
    // Another life of this replica is somebody else.
    self: { identity: `${settings.identity}_${randomUUID()}`, address: addressOf(settings) },
    ...steady,
    calendar: SYSTEM_CLOCK,
    random: Math.random,
    log,
    onGained: leaderDuties.gained,
    onLost() {
      leaderDuties.lost()
      leading.lost()
      planning.lost()
    },
  })
  leading.watchLeader(election.isLeader)

  const source = await certificateOf(settings, { edge, log: counted, metrics })
  if (!source.ok) return source
  const certificate = source.value
  const peers = peerClient(certificate, serviceName(settings))
  const holder = () => (election.isLeader() ? undefined : election.leader())
  const ledger = forwardedLedger({ own: own.writer, peers, holder, metrics })
  const reports = denialReports({
    recent,
    demand,
    leader: () => {
      const known = holder()
      if (known === undefined || known.address === '') return undefined
      return {
        name: known.identity,
        async tell({ denials, news }) {
          const body = { ...denialsJson(denials), ...demandNewsJson(news, SYSTEM_CLOCK.now()) }
          await peers.post(known.address, DENIALS_FROM_PEERS, body, 5_000)
        },
      }
    },
    ...calendar,
    log,
  })

  state.onChange(({ cluster: compiled }) => {
    metrics.policiesLoaded(compiled.policies)
    registered.refresh()
    for (const tree of compiled.quotas.trees.keys()) {
      if (own.writer.book(tree) === undefined)
        own.writer.refresh(tree).catch(cause => log.problem('a ledger cannot be read', cause, { tree }))
    }
  })
  certificate.onChange(() => registered.refresh())
  metrics.watchQuotas(() => (state.sound() === undefined ? [] : quotaRows(cluster().quotas, own.writer)))
  metrics.watchDemand(() => demand.demands().length)
  metrics.watchStaleness(() => state.problem() !== undefined)

  const server = createHttpServer({
    certificate,
    peerName: serviceName(settings),
    ...endpointsOf({
      settings,
      state,
      library: library.value,
      exempt,
      own,
      ledger,
      recent,
      demand,
      refused: waking.refused,
      self,
      metrics,
      log,
    }),
    checks: [
      { name: 'cluster', problem: state.problem },
      {
        name: 'ledger',
        problem: () => unread(state.sound() === undefined ? [] : cluster().quotas.trees.keys(), own.writer),
      },
    ],
    traffic: metrics,
    clock: SYSTEM_CLOCK,
    log: counted,
  })
  const port = await server.listen(settings.port, settings.host)
  isServed()
  void state.ready.then(waking.begin)

  return parsed({
    server,
    port,
    async finish() {
      waking.stop()
      reports.stop()
      leaderDuties.lost()
      await election.resign()
      state.stop()
      own.objects.stop()
      certificate.close()
      peers.close()
      edge.close()
    },
  })
}

function addressOf({ advertise, port }: ReplicaSettings): string {
  return `${advertise.includes(':') ? `[${advertise}]` : advertise}:${port}`
}

function unread(trees: Iterable<string>, { book }: { book(tree: string): unknown }): string | undefined {
  const unseen = [...trees].filter(tree => book(tree) === undefined)
  return unseen.length === 0 ? undefined : `the ledger of ${unseen.slice(0, 5).join(', ')} has not been read yet`
}

/** Who we are to the API server: writes of that user are not guarded against. */
async function ownUser({ api }: Edge, { namespace, service }: ReplicaSettings): Promise<string> {
  const usual = `system:serviceaccount:${namespace}:${service}`
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  try {
    const answer = await api.call({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body,
    })
    return textAt(answer.body, 'status', 'userInfo', 'username') ?? usual
  } catch {
    // It does not answer yet; the chart's name is right wherever the chart was used.
    return usual
  }
}
