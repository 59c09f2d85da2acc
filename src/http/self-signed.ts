/**
 * A certificate of our own making, for standalone use and tests: clients verify it with the authority that comes with
 * it.
 */
import { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import type { CertificateObserver, CertificateSource } from './certificate.ts'
import { loadX509, type X509 } from './x509.ts'

export interface SelfSignedOptions {
  /** Names and addresses a client may call us by, besides those of this machine. */
  readonly names?: readonly string[]
  readonly observer: CertificateObserver
  readonly nowMs: number
}

const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1'] as const

const DAY_MS = 24 * 60 * 60 * 1_000
/** It lives in memory and is made anew at each start; a year is longer than a process lives. */
const VALID_MS = 365 * DAY_MS
/** Clients whose clock is behind ours must be able to begin at once. */
const CLOCK_SKEW_MS = DAY_MS / 24

// P-256 handshakes cost 0.6 ms of CPU, RSA-2048 ones 0.95 ms, RSA-4096 ones 2.5 ms, and connections come and go under
// load.
const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' } as const

/** A certificate for the names and for this machine, with its key, and the authority that vouches for nothing else; all as PEM. */
export interface Issued {
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly notAfterMs: number
}

/**
 * An authority and one certificate signed by it. Two certificates rather than one, because what a client is told to trust should
 * be able to vouch for nothing else: the authority's key is dropped here, and the other key cannot sign certificates. It serves and
 * it calls: replicas show it to each other.
 */
export async function issueCertificate(names: readonly string[], nowMs: number, validMs: number): Promise<Issued> {
  const x509 = await loadX509()
  const authorityKeys = await newKeys()
  const serverKeys = await newKeys()
  const lifetime = { notBefore: new Date(nowMs - CLOCK_SKEW_MS), notAfter: new Date(nowMs + validMs) }
  // Authorities of one name would be taken for each other where two of them are trusted.
  const name = `CN=Sluice self-signed authority ${nowMs}`
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name,
    keys: authorityKeys,
    signingAlgorithm: SIGNING_ALGORITHM,
    ...lifetime,
    extensions: await authorityExtensions(x509, authorityKeys),
  })
  const server = await x509.X509CertificateGenerator.create({
    subject: 'CN=sluice',
    issuer: authority.subject,
    publicKey: serverKeys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: SIGNING_ALGORITHM,
    ...lifetime,
    extensions: [
      ...serverExtensions(x509, [...LOCAL_NAMES, ...names]),
      await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  })
  return {
    // Texts of whole lines, so that one can be put behind the other.
    ca: `${authority.toString('pem')}\n`,
    cert: `${server.toString('pem')}\n`,
    key: await privateKeyPem(serverKeys.privateKey),
    notAfterMs: server.notAfter.getTime(),
  }
}

/** One of our own making for this process alone. */
export async function selfSignedCertificate(options: SelfSignedOptions): Promise<CertificateSource> {
  const { ca, ...current } = await issueCertificate(options.names ?? [], options.nowMs, VALID_MS)
  options.observer.serving(current.notAfterMs)
  return {
    current,
    ca,
    // It never changes and follows nothing.
    onChange() {},
    close() {},
  }
}

async function authorityExtensions(x509: X509, keys: webcrypto.CryptoKeyPair) {
  return [
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    new x509.BasicConstraintsExtension(true, 0, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
  ]
}

function serverExtensions(x509: X509, names: readonly string[]) {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
    new x509.SubjectAlternativeNameExtension(
      names.map(name => ({ type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const), value: name })),
    ),
  ]
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64')
  const lines = der.match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`
}
