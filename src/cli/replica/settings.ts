/** What a replica is told at its start. */
import type { PrometheusSettings } from '../../prometheus/source.ts'
import type { LogLevel } from '../../telemetry/log.ts'

export interface ReplicaSettings {
  readonly port: number
  readonly host: string
  readonly logLevel: LogLevel
  readonly exemptNamespaces: readonly string[]
  readonly drainMs?: number
  /** Undefined: the cluster that this process runs in. */
  readonly kubeconfig: string | undefined
  /** Of Sluice itself. */
  readonly namespace: string
  /** The name of this replica, among those that run at the same time. */
  readonly identity: string
  /** The host by which other replicas reach this one. */
  readonly advertise: string
  readonly service: string
  /** Where the API server calls, instead of the service. */
  readonly webhookUrl: string | undefined
  readonly certificate: CertificateSettings
  /** Whether the leader keeps the webhook configurations. */
  readonly isRegistered: boolean
  /** `namespace/name`: cert-manager writes its authority into the configurations. */
  readonly certManagerCertificate: string | undefined
  readonly match: 'gpu' | 'all'
  readonly validateFailurePolicy: 'Fail' | 'Ignore'
  readonly unmutated: 'Deny' | 'Warn'
  /** How long a charge lasts whose pod has not come. */
  readonly pendingMs: number
  /** Whether refused owners are touched when capacity is back. */
  readonly isWaking: boolean
  /** Whether the leader plans how lent capacity comes back. */
  readonly isRebalancing: boolean
  /** Who knows how busy GPUs are; undefined: nobody. */
  readonly prometheus: PrometheusSettings | undefined
}

type CertificateSettings =
  /** PEM files that somebody else replaces. */
  | { readonly cert: string; readonly key: string; readonly ca: string }
  /** A Secret that the leader keeps. */
  | { readonly secret: string; readonly validMs: number }

/** The name that the certificates are made out to, by which the API server and the other replicas know a replica. */
export function serviceName({ service, namespace }: ReplicaSettings): string {
  return `${service}.${namespace}.svc`
}
