/** An authority of our own, and what it signs. */
import { generateKeyPairSync, KeyObject, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import type { Extension } from '@peculiar/x509'
import { loadX509 } from '../../../src/http/x509.ts'
import { HOST } from './free-port.ts'

export interface KeyPair {
  readonly cert: string
  readonly key: string
}

export interface Subject {
  readonly name: string
  /** What it may be called by; a server's. */
  readonly names?: readonly string[]
  readonly uses: readonly ('server' | 'client')[]
}

export interface Authority {
  readonly ca: string
  sign(subject: Subject): Promise<KeyPair>
}

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' } as const
const HOUR_MS = 60 * 60 * 1_000
const DAY_MS = 24 * HOUR_MS

export async function newAuthority(name: string, nowMs = Date.now()): Promise<Authority> {
  const x509 = await loadX509()
  const keys = await newKeys()
  const lifetime = { notBefore: new Date(nowMs - HOUR_MS), notAfter: new Date(nowMs + DAY_MS) }
  const signing = { signingAlgorithm: SIGNING_ALGORITHM, ...lifetime }
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    ...signing,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  })

  function extensionsOf({ uses, names = [] }: Subject): Extension[] {
    const { serverAuth, clientAuth } = x509.ExtendedKeyUsage
    const purposes = new x509.ExtendedKeyUsageExtension(uses.map(use => (use === 'server' ? serverAuth : clientAuth)))
    if (names.length === 0) return [purposes]
    const alternatives = names.map(value => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }))
    return [purposes, new x509.SubjectAlternativeNameExtension(alternatives)]
  }
  return {
    ca: ca.toString('pem'),
    async sign(subject) {
      const own = await newKeys()
      const certificate = await x509.X509CertificateGenerator.create({
        subject: subject.name,
        issuer: ca.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        ...signing,
        extensions: extensionsOf(subject),
      })
      return { cert: certificate.toString('pem'), key: pemOf(KeyObject.from(own.privateKey), 'pkcs8') }
    },
  }
}

/** The keys of a control plane. */
export interface ClusterKeys {
  readonly ca: string
  readonly server: KeyPair
  /** In the group `system:masters`, which may do everything. */
  readonly admin: KeyPair
  readonly serviceAccounts: { readonly public: string; readonly private: string }
}

export async function newClusterKeys(): Promise<ClusterKeys> {
  const { ca, sign } = await newAuthority('CN=test cluster authority')
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    ca,
    server: await sign({ name: 'CN=kube-apiserver', names: [HOST], uses: ['server'] }),
    admin: await sign({ name: 'O=system:masters, CN=admin', uses: ['client'] }),
    serviceAccounts: { public: pemOf(publicKey, 'spki'), private: pemOf(privateKey, 'pkcs8') },
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
}

function pemOf(key: KeyObject, type: 'pkcs8' | 'spki'): string {
  return key.export({ type, format: 'pem' }).toString()
}
