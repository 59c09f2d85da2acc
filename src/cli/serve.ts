import { deletePods } from '../../webhooks/delete-pods.ts'
import { explainPods } from '../../webhooks/explain.ts'
import { mutatePods } from '../../webhooks/mutate-pods.ts'
import { readPods } from '../../webhooks/pods.ts'
import { readUsage } from '../../webhooks/usage.ts'
import { validatePods } from '../../webhooks/validate-pods.ts'
import type { Cluster } from '../admission/cluster.ts'
import { CODES } from '../admission/codes.ts'
import { quotaDesk } from '../admission/desk.ts'
import type { Log } from '../admission/endpoint.ts'
import { exemptNamespaces } from '../admission/exempt.ts'
import { openRounds, type Rounds } from '../controller/rounds.ts'
import type { CertificateSource } from '../http/certificate.ts'
import { followCertificateFiles } from '../http/certificate-files.ts'
import { installShutdown } from '../http/drain.ts'
import type { ReadinessCheck } from '../http/probes.ts'
import { selfSignedCertificate } from '../http/self-signed.ts'
import { createHttpServer, type HttpServer } from '../http/server.ts'
import type { LedgerWriter } from '../quota/writer.ts'
import type { Parsed } from '../schema/parsed.ts'
import { parsed } from '../schema/parsed.ts'
import { createLog, type LogLevel } from '../telemetry/log.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { policyFailures } from '../telemetry/policy-failures.ts'
import { complain, loadCluster } from './cluster.ts'
import { quotaRows } from './quota-rows.ts'
import { heldPod } from './standalone/pods.ts'
import { type StandaloneProcess, standaloneProcess } from './standalone/process.ts'
import { EXIT, type ExitCode, type Terminal } from './terminal.ts'
import { type ProcessTime, SYSTEM_TIME } from './time.ts'

export interface ServeOptions {
  readonly cluster: string
  readonly port: number
  readonly host: string
  readonly logLevel: LogLevel
  readonly exemptNamespaces: readonly string[]
  /** PEM files, followed as they change; a self-signed certificate is made without them. */
  readonly tls?: { readonly cert: string; readonly key: string }
  readonly drainMs?: number
}

/** A service that is up, with what a client needs to speak to it. */
export interface Service {
  readonly server: HttpServer
  readonly port: number
  readonly ca: string | undefined
  readonly ledger: LedgerWriter
  /** What it has instead of a cluster. */
  readonly standalone: StandaloneProcess
  /** From now on it counts and rebalances by itself, every few seconds; until then whoever started it says when. */
  lead(): void
  close(): void
}

/** `sluice serve --standalone`: the pod webhooks over HTTPS, with a ledger and pods in memory. Runs until it is told to stop. */
export async function serve(options: ServeOptions, terminal: Terminal): Promise<ExitCode | undefined> {
  const cluster = loadCluster(options.cluster)
  if (!cluster.ok) {
    complain(cluster.issues, terminal)
    return EXIT.badInput
  }
  for (const warning of cluster.value.warnings) terminal.err(`warning: ${warning.at}: ${warning.problem}`)
  const log = createLog({ level: options.logLevel })
  const service = await startService(cluster.value, options, log)
  if (!service.ok) {
    complain(service.issues, terminal)
    return EXIT.badInput
  }
  const { server, port } = service.value
  service.value.lead()
  installShutdown(process, server, options.drainMs === undefined ? { log } : { log, serveMs: options.drainMs })
  log.event('serving', { address: `https://${options.host}:${port}` })
  return undefined
}

const ROUND_MS = 5_000

/** Puts the service together and starts listening. */
export async function startService(
  cluster: Cluster,
  options: ServeOptions,
  log: Log,
  time: ProcessTime = SYSTEM_TIME,
): Promise<Parsed<Service>> {
  const { clock } = time
  const metrics = createMetrics({ codes: Object.keys(CODES) })
  const counted = metrics.counting(log)
  const certificate = await certificateOf(options, counted, metrics)
  if (!certificate.ok) return certificate

  const standalone = await standaloneProcess({ cluster, time, observer: metrics.rebalancing(), log: counted })
  const { ledger } = standalone
  const desk = quotaDesk(ledger, () => cluster.quotas, clock)
  metrics.policiesLoaded(cluster.policies)
  metrics.watchQuotas(() => quotaRows(cluster.quotas, ledger))
  const deps = {
    cluster: () => cluster,
    exempt: exemptNamespaces(options.exemptNamespaces),
    observer: policyFailures({ metrics, log: counted, clock }),
    clock,
  }
  const server = createHttpServer({
    certificate: certificate.value,
    endpoints: [
      mutatePods({ ...deps, forecast: desk }),
      validatePods({ ...deps, desk, refusals: standalone.refusals }),
      deletePods(standalone.pods),
      explainPods({ ...deps, ledger }),
    ],
    readings: [readUsage({ ...deps, ledger }), readPods(name => standalone.pods.inNamespace(name).map(heldPod))],
    checks: [ledgerCheck(cluster, ledger)],
    traffic: metrics,
    clock,
    log: counted,
  })
  const port = await server.listen(options.port, options.host)
  const { ca } = certificate.value
  let rounds: Rounds | undefined
  return parsed({
    server,
    port,
    ca,
    ledger,
    standalone,
    lead() {
      const problem = 'nothing could be counted'
      rounds ??= openRounds(async () => void (await standalone.round()), {
        ...time,
        log: counted,
        usualMs: ROUND_MS,
        problem,
      })
    },
    close() {
      rounds?.stop()
      server.closeAll()
      void server.stopAccepting()
      certificate.value.close()
    },
  })
}

function ledgerCheck({ quotas }: Cluster, ledger: LedgerWriter): ReadinessCheck {
  return {
    name: 'ledger',
    problem() {
      const unseen = [...quotas.trees.keys()].filter(tree => ledger.book(tree) === undefined)
      return unseen.length === 0 ? undefined : `the ledger of ${unseen.join(', ')} has not been read yet`
    },
  }
}

async function certificateOf(options: ServeOptions, log: Log, metrics: Metrics): Promise<Parsed<CertificateSource>> {
  if (options.tls !== undefined) {
    return followCertificateFiles(options.tls, { log, observer: metrics, now: () => Date.now() })
  }
  return parsed(await selfSignedCertificate({ observer: metrics, nowMs: Date.now() }))
}
