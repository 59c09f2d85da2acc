/** The keys of a control plane: one authority that signs its servers and its administrator, and the key of the service accounts. */
import { generateKeyPairSync, KeyObject, webcrypto } from 'node:crypto'
import type { Extension } from '@peculiar/x509'
import { loadX509, type X509 } from '../../../src/http/x509.ts'
import { HOST } from './free-port.ts'

export interface KeyPair {
  readonly cert: string
  readonly key: string
}

export interface ClusterKeys {
  readonly ca: string
  readonly server: KeyPair
  /** In the group `system:masters`, which may do everything. */
  readonly admin: KeyPair
  readonly serviceAccounts: { readonly public: string; readonly private: string }
}

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' } as const
const HOUR_MS = 60 * 60 * 1_000
const DAY_MS = 24 * HOUR_MS

interface Authority {
  readonly x509: X509
  readonly keys: webcrypto.CryptoKeyPair
  readonly subject: string
}

export async function newClusterKeys(nowMs = Date.now()): Promise<ClusterKeys> {
  const x509 = await loadX509()
  const keys = await newKeys()
  const lifetime = lifetimeAt(nowMs)
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=test cluster authority',
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    ...lifetime,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  })
  const authority = { x509, keys, subject: ca.subject }
  return {
    ca: ca.toString('pem'),
    server: await sign(authority, 'CN=kube-apiserver', nowMs, [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: HOST }]),
    ]),
    admin: await sign(authority, 'O=system:masters, CN=admin', nowMs, [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ]),
    serviceAccounts: serviceAccountKeys(),
  }
}

function serviceAccountKeys(): ClusterKeys['serviceAccounts'] {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    public: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    private: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

async function sign(
  { x509, keys, subject: issuer }: Authority,
  subject: string,
  nowMs: number,
  extensions: Extension[],
): Promise<KeyPair> {
  const own = await newKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer,
    publicKey: own.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: SIGNING_ALGORITHM,
    ...lifetimeAt(nowMs),
    extensions,
  })
  return { cert: certificate.toString('pem'), key: privateKeyPem(own.privateKey) }
}

function lifetimeAt(nowMs: number) {
  return { notBefore: new Date(nowMs - HOUR_MS), notAfter: new Date(nowMs + DAY_MS) }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
}

function privateKeyPem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString()
}
