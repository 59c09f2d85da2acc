/** A certificate and its key, checked before anybody is served with them. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { failed, type Issue, type Parsed, parsed } from '../schema/parsed.ts'

export interface KeyPair {
  /** The certificate, and those between it and its authority, as PEM. */
  readonly cert: string
  readonly key: string
  readonly notAfterMs: number
  /** The authorities of this service, as PEM: of the certificates with which its replicas call each other. */
  readonly ca?: string
}

export interface CertificateSource {
  readonly current: KeyPair
  /** The authority a client needs to verify it, as PEM, where we know it. */
  readonly ca?: string
  /** Called with each later pair. Connections that are open keep the one they began with. */
  onChange(listener: (pair: KeyPair) => void): void
  close(): void
}

/** What the certificates tell the metrics. */
export interface CertificateObserver {
  serving(notAfterMs: number): void
  reloaded(result: ReloadResult): void
}

const RELOAD_RESULTS = ['loaded', 'rejected'] as const
type ReloadResult = (typeof RELOAD_RESULTS)[number]

/** Where the two texts came from, for messages. */
export interface PairNames {
  readonly cert: string
  readonly key: string
  readonly ca?: string
}

/** Everything that would make a handshake fail later is found here. The key itself appears in no message. */
export function checkPair(
  { cert, key, ca }: Omit<KeyPair, 'notAfterMs'>,
  names: PairNames,
  nowMs: number,
): Parsed<KeyPair> {
  const certificate = attempt(() => new X509Certificate(cert), names.cert, 'is not a PEM certificate')
  if (!certificate.ok) return certificate
  const privateKey = attempt(() => createPrivateKey(key), names.key, 'is not an unencrypted PEM private key')
  if (!privateKey.ok) return privateKey

  if (!certificate.value.checkPrivateKey(privateKey.value)) {
    return failed({ at: names.key, problem: `is not the key of ${names.cert}`, remedy: 'replace both files together' })
  }
  const notAfterMs = Date.parse(certificate.value.validTo)
  if (notAfterMs <= nowMs) {
    return failed({
      at: names.cert,
      problem: `expired on ${certificate.value.validTo}`,
      remedy: 'renew the certificate',
    })
  }
  const context = attempt(() => createSecureContext({ cert, key }), names.cert, 'is refused by TLS')
  if (!context.ok || ca === undefined) return context.ok ? parsed({ cert, key, notAfterMs }) : context
  const authorities = attempt(() => createSecureContext({ ca }), names.ca ?? names.cert, 'are no PEM certificates')
  return authorities.ok ? parsed({ cert, key, notAfterMs, ca }) : authorities
}

function attempt<T>(work: () => T, at: string, problem: string): Parsed<T> {
  try {
    return parsed(work())
  } catch (cause) {
    const issue: Issue = { at, problem: `${problem}: ${cause instanceof Error ? cause.message : String(cause)}` }
    return failed(issue)
  }
}
