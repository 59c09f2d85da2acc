/** The flags of `sluice serve`, each of which an environment variable may give as well: that is how a chart sets them. */
import { hostname } from 'node:os'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { LOG_LEVELS, type LogLevel } from '../telemetry/log.ts'
import {
  addPrometheusOptions,
  type PrometheusFlags,
  prometheusProblem,
  prometheusSettings,
} from './prometheus-flags.ts'
import { serve } from './serve.ts'
import { serveInCluster } from './serve-in-cluster.ts'
import { EXIT, type ExitCode, type Terminal } from './terminal.ts'
import { PENDING_MS } from './time.ts'

interface ServeFlags extends PrometheusFlags {
  readonly standalone?: true
  readonly cluster?: string
  readonly port: number
  readonly host?: string
  readonly logLevel: LogLevel
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly tlsCa?: string
  readonly exemptNamespaces?: readonly string[]
  readonly drainSeconds?: number
  readonly kubeconfig?: string
  readonly namespace: string
  readonly identity: string
  readonly advertise: string
  readonly service: string
  readonly webhookUrl?: string
  readonly selfSignedSecret?: string
  readonly certificateHours: number
  readonly chargeSeconds: number
  readonly registration: Registration
  readonly certManagerCertificate?: string
  readonly match: Match
  readonly validateFailurePolicy: FailurePolicy
  readonly unmutated: Unmutated
  readonly wake: Switch
  readonly rebalance: Switch
}

const REGISTRATIONS = ['Managed', 'Off'] as const
const MATCHES = ['gpu', 'all'] as const
const FAILURE_POLICIES = ['Fail', 'Ignore'] as const
const UNMUTATED = ['Deny', 'Warn'] as const
const SWITCHES = ['On', 'Off'] as const
type Registration = (typeof REGISTRATIONS)[number]
type Match = (typeof MATCHES)[number]
type FailurePolicy = (typeof FAILURE_POLICIES)[number]
type Unmutated = (typeof UNMUTATED)[number]
type Switch = (typeof SWITCHES)[number]

export function addServe(program: Command, terminal: Terminal, done: (code: ExitCode | undefined) => void): void {
  const option = (flags: string, description: string) => new Option(flags, description)
  addPrometheusOptions(program.command('serve'))
    .description('serve the webhooks over HTTPS: as one replica in a cluster, or by itself')
    .option('--standalone', 'with a ledger in memory and no cluster behind it')
    .option('--cluster <dir>', 'standalone: the folder of classes, cohorts, tenants and policies')
    .addOption(
      option('--port <port>', 'the port; 0 lets the system choose').argParser(portOf).default(8443).env('SLUICE_PORT'),
    )
    .addOption(
      option('--host <address>', 'the address to listen on; by default all, standalone 127.0.0.1').env('SLUICE_HOST'),
    )
    .addOption(option('--tls-cert <file>', 'the certificate in PEM, followed as it changes').env('SLUICE_TLS_CERT'))
    .addOption(option('--tls-key <file>', 'its private key in PEM').env('SLUICE_TLS_KEY'))
    .addOption(
      option('--tls-ca <file>', 'the authority of the certificates of all replicas, in PEM').env('SLUICE_TLS_CA'),
    )
    .addOption(
      option('--self-signed-secret <name>', 'make the certificates, and keep them in this Secret').env(
        'SLUICE_SELF_SIGNED_SECRET',
      ),
    )
    .addOption(
      option('--certificate-hours <hours>', 'how long those are valid')
        .argParser(positive)
        .default(720)
        .env('SLUICE_CERTIFICATE_HOURS'),
    )
    .addOption(
      option('--kubeconfig <file>', 'the API server; by default the one of the cluster this runs in').env(
        'SLUICE_KUBECONFIG',
      ),
    )
    .addOption(
      option('--namespace <name>', 'the namespace of Sluice itself').default('sluice-system').env('POD_NAMESPACE'),
    )
    .addOption(option('--identity <name>', 'the name of this replica').default(hostname()).env('POD_NAME'))
    .addOption(option('--advertise <host>', 'where other replicas reach this one').default('127.0.0.1').env('POD_IP'))
    .addOption(
      option('--service <name>', 'the service in front of the replicas').default('sluice').env('SLUICE_SERVICE'),
    )
    .addOption(
      option('--webhook-url <url>', 'where the API server calls, instead of the service').env('SLUICE_WEBHOOK_URL'),
    )
    .addOption(
      option('--registration <how>', 'who keeps the webhook configurations')
        .choices(REGISTRATIONS)
        .default('Managed')
        .env('SLUICE_REGISTRATION'),
    )
    .addOption(
      option('--cert-manager-certificate <namespace/name>', 'whose authority cert-manager puts into them').env(
        'SLUICE_CERT_MANAGER_CERTIFICATE',
      ),
    )
    .addOption(option('--match <pods>', 'which pods are sent').choices(MATCHES).default('gpu').env('SLUICE_MATCH'))
    .addOption(
      option('--validate-failure-policy <policy>', 'what becomes of GPU pods that nobody could judge')
        .choices(FAILURE_POLICIES)
        .default('Fail')
        .env('SLUICE_VALIDATE_FAILURE_POLICY'),
    )
    .addOption(
      option('--unmutated <how>', 'what becomes of GPU pods that were not mutated')
        .choices(UNMUTATED)
        .default('Deny')
        .env('SLUICE_UNMUTATED'),
    )
    .addOption(
      option('--charge-seconds <seconds>', 'how long a charge lasts whose pod has not come')
        .argParser(numberOf)
        .default(PENDING_MS / 1_000)
        .env('SLUICE_CHARGE_SECONDS'),
    )
    .addOption(
      option('--wake <switch>', 'touch refused owners when capacity is back')
        .choices(SWITCHES)
        .default('On')
        .env('SLUICE_WAKE'),
    )
    .addOption(
      option('--rebalance <switch>', 'plan how lent capacity comes back, and carry it out where cohorts say so')
        .choices(SWITCHES)
        .default('On')
        .env('SLUICE_REBALANCE'),
    )
    .addOption(option('--exempt-namespaces <names...>', 'namespaces that are left alone, besides those of the system'))
    .addOption(
      option('--drain-seconds <seconds>', 'how long to go on serving after SIGTERM')
        .argParser(numberOf)
        .env('SLUICE_DRAIN_SECONDS'),
    )
    .addOption(
      option('--log-level <level>', 'the least that is logged')
        .choices(LOG_LEVELS)
        .default('info')
        .env('SLUICE_LOG_LEVEL'),
    )
    .action(async (flags: ServeFlags) => done(await start(flags, terminal)))
}

async function start(flags: ServeFlags, terminal: Terminal): Promise<ExitCode | undefined> {
  const problem = flags.standalone === true ? standaloneProblem(flags) : clusterProblem(flags)
  if (problem !== undefined) {
    terminal.err(`error: ${problem}`)
    return EXIT.badInput
  }
  const { port, logLevel, tlsCert, tlsKey, tlsCa, drainSeconds, exemptNamespaces = [] } = flags
  const common = {
    port,
    logLevel,
    exemptNamespaces,
    ...(drainSeconds === undefined ? {} : { drainMs: drainSeconds * 1_000 }),
  }
  if (flags.standalone === true) {
    const tls = tlsCert === undefined || tlsKey === undefined ? {} : { tls: { cert: tlsCert, key: tlsKey } }
    return serve({ ...common, ...tls, cluster: flags.cluster ?? '', host: flags.host ?? '127.0.0.1' }, terminal)
  }
  const certificate =
    tlsCert === undefined || tlsKey === undefined || tlsCa === undefined
      ? { secret: flags.selfSignedSecret ?? '', validMs: flags.certificateHours * 3_600_000 }
      : { cert: tlsCert, key: tlsKey, ca: tlsCa }
  const { kubeconfig, webhookUrl, certManagerCertificate } = flags
  return serveInCluster(
    {
      ...common,
      host: flags.host ?? '::',
      certificate,
      kubeconfig,
      webhookUrl,
      certManagerCertificate,
      namespace: flags.namespace,
      identity: flags.identity,
      advertise: flags.advertise,
      service: flags.service,
      pendingMs: flags.chargeSeconds * 1_000,
      isRegistered: flags.registration === 'Managed',
      match: flags.match,
      validateFailurePolicy: flags.validateFailurePolicy,
      unmutated: flags.unmutated,
      isWaking: flags.wake === 'On',
      isRebalancing: flags.rebalance === 'On',
      prometheus: prometheusSettings(flags),
    },
    terminal,
  )
}

function standaloneProblem({ cluster, tlsCert, tlsKey }: ServeFlags): string | undefined {
  if (cluster === undefined) return '--standalone needs --cluster, the folder to serve'
  return (tlsCert === undefined) === (tlsKey === undefined) ? undefined : '--tls-cert and --tls-key go together'
}

function clusterProblem(flags: ServeFlags): string | undefined {
  const { cluster, tlsCert, tlsKey, tlsCa, selfSignedSecret } = flags
  if (cluster !== undefined) return '--cluster needs --standalone: in a cluster its own objects are served'
  const files = [tlsCert, tlsKey, tlsCa].filter(file => file !== undefined).length
  if (files === 0 && selfSignedSecret === undefined) {
    return 'give --tls-cert, --tls-key and --tls-ca, or --self-signed-secret; without a cluster give --standalone'
  }
  if (files > 0 && selfSignedSecret !== undefined) return '--self-signed-secret takes the place of the --tls files'
  return files === 0 || files === 3 ? prometheusProblem(flags) : '--tls-cert, --tls-key and --tls-ca go together'
}

function positive(value: string): number {
  const hours = Number(value)
  if (!/^\d+(\.\d+)?$/.test(value) || hours <= 0) throw new InvalidArgumentError('a number of hours above 0 is needed.')
  return hours
}

function portOf(text: string): number {
  const port = numberOf(text)
  if (port > 65_535) throw new InvalidArgumentError('a port is at most 65535.')
  return port
}

function numberOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a whole number is needed.')
  return Number(text)
}
