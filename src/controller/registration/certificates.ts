/**
 * Certificates of our own making, in one Secret, replaced by the leader before they expire.
 *
 * Nobody may be shown a certificate before he trusts its authority: the API server reads the bundle of the webhook configurations,
 * and replicas read theirs from the Secret. So a replacement takes three steps, each one write that says all there is to know, so that
 * a leader may end anywhere: the next pair is made and its authority joins the bundle; when the bundle has spread, the pair moves
 * into service; the former authority leaves the bundle when what it vouched for has expired. The keys of authorities are never stored.
 */
import { X509Certificate } from 'node:crypto'
import type { Clock, Log } from '../../admission/endpoint.ts'
import { objectAt, textAt } from '../../admission/objects.ts'
import type { JsonObject } from '../../schema/parts.ts'
import type { ApiServer } from '../api-server.ts'

interface Issued {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface CertificatesDeps {
  readonly server: ApiServer
  readonly namespace: string
  readonly secret: string
  readonly clock: Clock
  readonly log: Log
  /** Makes a certificate that is valid for so long. */
  readonly issue: (validMs: number) => Promise<Issued>
  readonly validMs: number
  /** How long a new bundle is given to reach the API server and every replica. */
  readonly spreadMs: number
  /** Whether whoever calls us trusts this authority by now. */
  readonly isTrusted: (ca: string) => boolean
}

/** What the Secret holds, as PEM. */
interface Held {
  readonly bundle: readonly string[]
  readonly cert: string
  readonly key: string
  readonly next: (Pair & { readonly sinceMs: number }) | undefined
}

interface Pair {
  readonly cert: string
  readonly key: string
}

/** One look at the Secret, and the step that is due, if any. Rejects when the API server fails; the next look goes on. */
export async function tendCertificates(deps: CertificatesDeps): Promise<void> {
  const path = `/api/v1/namespaces/${deps.namespace}/secrets`
  const { status, body } = await deps.server.call({ method: 'GET', path: `${path}/${deps.secret}` })
  if (status !== 200 && status !== 404) throw new Error(`the Secret ${deps.secret} was answered with ${status}`)
  const held = status === 404 ? undefined : heldIn(body)
  const next = await stepOf(held, deps)
  if (next === undefined) return
  const object = secretOf(next.held, deps, status === 404 ? undefined : body)
  const written =
    status === 404
      ? await deps.server.call({ method: 'POST', path, body: object })
      : await deps.server.call({ method: 'PUT', path: `${path}/${deps.secret}`, body: object })
  // Somebody else was faster: the next look sees what they did.
  if (written.status === 409) return
  if (written.status >= 300) throw new Error(`writing the Secret ${deps.secret} was answered with ${written.status}`)
  deps.log.event(next.what, { object: deps.secret })
}

interface Step {
  readonly what: string
  readonly held: Held
}

// A certificate is replaced when this part of its time is left, so that days of trouble pass unnoticed.
const RENEW_AT = 1 / 3

async function stepOf(held: Held | undefined, deps: CertificatesDeps): Promise<Step | undefined> {
  const { clock, validMs } = deps
  const now = clock.now()
  if (held === undefined || leftOf(held.cert, now) <= 0) {
    const { ca, cert, key } = await deps.issue(validMs)
    return { what: 'certificate made', held: { bundle: [ca], cert, key, next: undefined } }
  }
  if (held.next !== undefined) return promoted(held, held.next, deps)
  if (leftOf(held.cert, now) < validMs * RENEW_AT) {
    const { ca, cert, key } = await deps.issue(validMs)
    const next = { cert, key, sinceMs: now }
    return { what: 'the next certificate was made', held: { ...held, bundle: [...held.bundle, ca], next } }
  }
  const bundle = held.bundle.filter(ca => leftOf(ca, now) > 0)
  if (bundle.length === held.bundle.length) return undefined
  return { what: 'an authority that has expired left the bundle', held: { ...held, bundle } }
}

function promoted(held: Held, next: NonNullable<Held['next']>, deps: CertificatesDeps): Step | undefined {
  const ca = held.bundle.find(one => hasIssued(one, next.cert))
  // Without its authority it can never be shown; what is left of it is dropped, and made anew in time.
  if (ca === undefined) return { what: 'an unusable next certificate was dropped', held: { ...held, next: undefined } }
  const hasSpread = deps.clock.now() - next.sinceMs >= deps.spreadMs && deps.isTrusted(ca)
  if (!hasSpread) return undefined
  const { cert, key } = next
  return { what: 'the next certificate is in service', held: { ...held, cert, key, next: undefined } }
}

function leftOf(pem: string, nowMs: number): number {
  return Date.parse(new X509Certificate(pem).validTo) - nowMs
}

function hasIssued(ca: string, cert: string): boolean {
  return new X509Certificate(cert).checkIssued(new X509Certificate(ca))
}

const NEXT_SINCE = 'sluice.dev/next-since'

/** Undefined for a Secret that cannot be served with, whoever made it: it is replaced. */
function heldIn(secret: JsonObject): Held | undefined {
  const read = (name: string) => textOf(textAt(secret, 'data', name))
  const [ca, cert, key] = [read('ca.crt'), read('tls.crt'), read('tls.key')]
  if (ca === undefined || cert === undefined || key === undefined || !isCertificate(cert)) return undefined
  const bundle = certificatesIn(ca)
  if (!bundle.some(one => hasIssued(one, cert))) return undefined
  const [nextCert, nextKey] = [read('next.crt'), read('next.key')]
  const sinceMs = Number(textAt(secret, 'metadata', 'annotations', NEXT_SINCE))
  const isWhole = nextCert !== undefined && nextKey !== undefined && isCertificate(nextCert) && sinceMs > 0
  return { bundle, cert, key, next: isWhole ? { cert: nextCert, key: nextKey, sinceMs } : undefined }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).validTo !== ''
  } catch {
    return false
  }
}

/** Every certificate of a bundle that can be read, each with a line of its own at its end. */
export function certificatesIn(bundle: string): readonly string[] {
  const blocks = bundle.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g) ?? []
  return blocks.map(block => `${block.trimEnd()}\n`).filter(isCertificate)
}

function secretOf(held: Held, { namespace, secret }: CertificatesDeps, former: JsonObject | undefined): JsonObject {
  const { bundle, cert, key, next } = held
  const pairs = { 'ca.crt': certificatesIn(bundle.join('\n')).join(''), 'tls.crt': cert, 'tls.key': key }
  const upcoming = next === undefined ? {} : { 'next.crt': next.cert, 'next.key': next.key }
  const data = Object.entries({ ...pairs, ...upcoming }).map(([name, pem]) => [
    name,
    Buffer.from(pem).toString('base64'),
  ])
  const since = next === undefined ? {} : { [NEXT_SINCE]: String(next.sinceMs) }
  const { [NEXT_SINCE]: _, ...annotations } = objectAt(former, 'metadata', 'annotations') ?? {}
  const version = textAt(former, 'metadata', 'resourceVersion')
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    // It can never change; one that somebody made beforehand may have another.
    type: textAt(former, 'type') ?? 'kubernetes.io/tls',
    metadata: {
      name: secret,
      namespace,
      labels: { ...objectAt(former, 'metadata', 'labels'), 'app.kubernetes.io/managed-by': 'sluice' },
      annotations: { ...annotations, ...since },
      ...(version === undefined ? {} : { resourceVersion: version }),
    },
    data: Object.fromEntries(data),
  }
}

function textOf(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString()
}

/** What a Secret gives to serve with; undefined where something is missing. */
export function servedPair(secret: JsonObject): { cert: string; key: string; ca: string } | undefined {
  const data = objectAt(secret, 'data')
  const [cert, key, ca] = ['tls.crt', 'tls.key', 'ca.crt'].map(name => textOf(textAt(data, name)))
  return cert === undefined || key === undefined || ca === undefined ? undefined : { cert, key, ca }
}
