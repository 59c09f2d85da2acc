/** The certificate a replica serves with: from files that somebody replaces, or from the Secret that the leader keeps. */
import type { Log } from '../../admission/endpoint.ts'
import { tendCertificates } from '../../controller/registration/certificates.ts'
import type { CertificateSource } from '../../http/certificate.ts'
import { followCertificateFiles } from '../../http/certificate-files.ts'
import { followCertificateSecret } from '../../http/certificate-secret.ts'
import { issueCertificate } from '../../http/self-signed.ts'
import type { Edge } from '../../kubernetes/edge.ts'
import { type Parsed, parsed } from '../../schema/parsed.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { SYSTEM_CLOCK } from '../time.ts'
import { type Duty, repeat } from './duties.ts'
import { type ReplicaSettings, serviceName } from './settings.ts'

/** How long a bundle takes to reach everybody: replicas within a second, the API server when it is registered. */
const SPREAD_MS = 60_000
const TEND_MS = 10_000
/** A certificate that lives for minutes, as tests have it, cannot wait for so long. */
const SHORT_PART = 1 / 20

interface CertificateDeps {
  readonly edge: Edge
  readonly log: Log
  readonly metrics: Metrics
}

/** Done when there is one: a Secret is waited for, which some leader makes. */
export async function certificateOf(
  { certificate, namespace }: ReplicaSettings,
  { edge, log, metrics }: CertificateDeps,
): Promise<Parsed<CertificateSource>> {
  const context = { log, observer: metrics, now: () => SYSTEM_CLOCK.now() }
  if (!('secret' in certificate)) return followCertificateFiles(certificate, context)
  return parsed(await followCertificateSecret(edge.follow, { namespace, name: certificate.secret }, context))
}

/** What the leader does for the Secret; nothing where files are served from. */
export function certificateDuty(
  settings: ReplicaSettings,
  { edge, log }: CertificateDeps,
  isTrusted: (ca: string) => boolean,
): Duty {
  const { certificate, namespace } = settings
  if (!('secret' in certificate)) return () => () => {}
  const { secret, validMs } = certificate
  const names = [serviceName(settings), `${settings.service}.${namespace}`, `${serviceName(settings)}.cluster.local`]
  const tend = () =>
    tendCertificates({
      server: edge.api,
      namespace,
      secret,
      clock: SYSTEM_CLOCK,
      log,
      issue: ms => issueCertificate(names, SYSTEM_CLOCK.now(), ms),
      validMs,
      spreadMs: Math.min(SPREAD_MS, validMs * SHORT_PART),
      isTrusted,
    })
  const everyMs = Math.min(TEND_MS, validMs * SHORT_PART)
  return () => repeat(tend, everyMs, 'the certificates could not be looked after', log)
}
