/** What the leader does for the webhook configurations. */
import { type RegistrationSettings, webhookConfigurations } from '../../../webhooks/registration.ts'
import type { Cluster } from '../../admission/cluster.ts'
import type { Log } from '../../admission/endpoint.ts'
import { podConditions } from '../../admission/pod-conditions.ts'
import { certificatesIn } from '../../controller/registration/certificates.ts'
import { type Registration, type RegistrationDeps, registration } from '../../controller/registration/registration.ts'
import type { CertificateSource } from '../../http/certificate.ts'
import { selfTest } from '../../http/self-test.ts'
import type { Edge } from '../../kubernetes/edge.ts'
import { parsed } from '../../schema/parsed.ts'
import { STEADY_CLOCK, timerOn } from '../time.ts'
import type { Duty } from './duties.ts'
import { type ReplicaSettings, serviceName } from './settings.ts'

export interface Registering {
  readonly duty: Duty
  /** What decides over the configurations may have changed. */
  refresh(): void
  /** Whether the API server has been told to believe this authority. */
  isTrusted(ca: string): boolean
}

interface RegisteringDeps {
  readonly edge: Edge
  readonly cluster: () => Cluster
  readonly certificate: () => CertificateSource
  readonly exempt: Iterable<string>
  /** The user that this replica is to the API server. */
  readonly self: string
  readonly observer: RegistrationDeps['observer']
  readonly log: Log
}

export function registering(settings: ReplicaSettings, deps: RegisteringDeps): Registering {
  let current: Registration | undefined
  let wantedBundle = ''
  let trusted: ReadonlySet<string> = new Set()

  function wanted() {
    wantedBundle = deps.certificate().current.ca ?? ''
    const { mutating, validating } = webhookConfigurations(
      registrationSettings(settings, deps, wantedBundle),
      podConditions(deps.cluster()),
    )
    return parsed([mutating, validating])
  }

  const begin: Duty = () => {
    if (!settings.isRegistered) return () => {}
    current = registration({
      api: deps.edge.api,
      follow: deps.edge.follow,
      wanted,
      selfTest: () => selfTest({ base: baseOf(settings), ca: deps.certificate().current.ca ?? '' }),
      observer: {
        registered(ok) {
          // What is registered is what was wanted when this pass began.
          if (ok) trusted = new Set(certificatesIn(wantedBundle))
          deps.observer.registered(ok)
        },
      },
      clock: STEADY_CLOCK,
      timer: timerOn(STEADY_CLOCK),
      log: deps.log,
    })
    return () => {
      current?.stop()
      current = undefined
    }
  }

  return {
    duty: begin,
    refresh: () => current?.refresh(),
    // Where somebody else keeps the configurations, he keeps the authority in them as well.
    isTrusted: ca => !settings.isRegistered || trusted.has(ca),
  }
}

function registrationSettings(
  settings: ReplicaSettings,
  { exempt, self }: RegisteringDeps,
  ca: string,
): RegistrationSettings {
  const { namespace, service, webhookUrl, certManagerCertificate, match, validateFailurePolicy } = settings
  return {
    address:
      webhookUrl === undefined ? { kind: 'service', namespace, name: service } : { kind: 'url', base: webhookUrl },
    trust:
      certManagerCertificate === undefined
        ? { kind: 'bundle', ca }
        : { kind: 'cert-manager', certificate: certManagerCertificate },
    exempt,
    match,
    validateFailurePolicy,
    self,
  }
}

function baseOf(settings: ReplicaSettings): string {
  return settings.webhookUrl ?? `https://${serviceName(settings)}`
}
