import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { objectAt, textAt } from '../../admission/objects.ts'
import { issueCertificate } from '../../http/self-signed.ts'
import type { JsonObject } from '../../schema/parts.ts'
import type { ApiServer } from '../api-server.ts'
import { type CertificatesDeps, certificatesIn, servedPair, tendCertificates } from './certificates.ts'

const HOUR_MS = 3_600_000
const VALID_MS = 30 * HOUR_MS
const PATH = '/api/v1/namespaces/sluice-system/secrets'

/** An API server that has one Secret at most, with the checks of the real one. */
function cluster(first?: JsonObject) {
  let secret = first
  let version = 1
  const writes: string[] = []
  const server: ApiServer = {
    async call({ method, path, body }) {
      assert.ok(path.startsWith(PATH))
      if (method === 'GET') return secret === undefined ? { status: 404, body: {} } : { status: 200, body: secret }
      if (method === 'POST' && secret !== undefined) return { status: 409, body: {} }
      const current = textAt(secret, 'metadata', 'resourceVersion')
      const object = body as JsonObject
      if (method === 'PUT' && current !== textAt(object, 'metadata', 'resourceVersion'))
        return { status: 409, body: {} }
      version += 1
      secret = { ...object, metadata: { ...objectAt(object, 'metadata'), resourceVersion: `${version}` } }
      writes.push(method)
      return { status: method === 'POST' ? 201 : 200, body: secret }
    },
  }
  const replace = (next: JsonObject): void => {
    secret = next
  }
  return { server, writes, secret: () => secret ?? {}, replace }
}

function leader(api: ReturnType<typeof cluster>, changes: Partial<CertificatesDeps> = {}) {
  let now = Date.UTC(2026, 0, 1)
  const trusted = new Set<string>()
  const deps: CertificatesDeps = {
    server: api.server,
    namespace: 'sluice-system',
    secret: 'sluice-tls',
    clock: { now: () => now },
    log: { decision() {}, event() {}, problem() {} },
    issue: validMs => issueCertificate(['sluice.sluice-system.svc'], now, validMs),
    validMs: VALID_MS,
    spreadMs: 10 * 60_000,
    isTrusted: ca => trusted.has(ca),
    ...changes,
  }
  return {
    tend: () => tendCertificates(deps),
    pass(ms: number): void {
      now += ms
    },
    trustAll(): void {
      for (const ca of certificatesIn(pair(api).ca)) trusted.add(ca)
    },
  }
}

function pair(api: ReturnType<typeof cluster>) {
  const served = servedPair(api.secret())
  assert.ok(served !== undefined)
  return served
}

/** Whoever trusts the bundle can verify what is served. */
function assertVerifiable({ cert, ca }: ReturnType<typeof pair>): void {
  const served = new X509Certificate(cert)
  assert.ok(certificatesIn(ca).some(one => served.verify(new X509Certificate(one).publicKey)))
}

test('the first leader makes a certificate for the service, and then leaves it alone', async () => {
  const api = cluster()
  const { tend, pass } = leader(api)
  await tend()
  const made = pair(api)
  assertVerifiable(made)
  assert.equal(new X509Certificate(made.cert).checkHost('sluice.sluice-system.svc'), 'sluice.sluice-system.svc')
  pass(HOUR_MS)
  await tend()
  assert.deepEqual(api.writes, ['POST'])
  assert.doesNotMatch(JSON.stringify(Object.keys(api.secret().data as object)), /ca\.key/)
})

test('a certificate is replaced in steps, and at each of them what is served can be verified by the bundle before it', async () => {
  const api = cluster()
  const { tend, pass, trustAll } = leader(api)
  await tend()
  const first = pair(api)

  pass(VALID_MS * 0.7)
  await tend()
  const announced = pair(api)
  assert.equal(announced.cert, first.cert)
  assert.equal(certificatesIn(announced.ca).length, 2)

  // It has spread for long enough, but the API server does not trust it yet.
  pass(HOUR_MS)
  await tend()
  assert.equal(pair(api).cert, first.cert)

  trustAll()
  await tend()
  const second = pair(api)
  assert.notEqual(second.cert, first.cert)
  assertVerifiable({ ...second, ca: announced.ca })
  assert.equal(second.ca, announced.ca)
  assert.equal('next.key' in (api.secret().data as object), false)

  pass(VALID_MS * 0.4)
  await tend()
  assert.equal(certificatesIn(pair(api).ca).length, 1)
  assertVerifiable(pair(api))
})

test('a bundle that has not spread for long enough is not relied upon, even by one who is told that it is trusted', async () => {
  const api = cluster()
  const { tend, pass, trustAll } = leader(api)
  await tend()
  const { cert } = pair(api)
  pass(VALID_MS * 0.7)
  await tend()
  trustAll()
  pass(9 * 60_000)
  await tend()
  assert.equal(pair(api).cert, cert)
  pass(60_000)
  await tend()
  assert.notEqual(pair(api).cert, cert)
})

test('a leader that took over in the middle goes on where the former one was', async () => {
  const api = cluster()
  const former = leader(api)
  await former.tend()
  former.pass(VALID_MS * 0.7)
  await former.tend()
  const heir = leader(api, { isTrusted: () => true })
  heir.pass(VALID_MS * 0.7 + HOUR_MS)
  const { cert } = pair(api)
  await heir.tend()
  assert.notEqual(pair(api).cert, cert)
  assertVerifiable(pair(api))
})

test('two leaders at once leave one certificate', async () => {
  const api = cluster()
  await Promise.all([leader(api).tend(), leader(api).tend()])
  assert.deepEqual(api.writes, ['POST'])
})

test('one that has expired, and a Secret that somebody broke, are replaced at once', async () => {
  const api = cluster()
  const { tend, pass } = leader(api)
  await tend()
  const { cert } = pair(api)
  pass(VALID_MS + HOUR_MS)
  await tend()
  assert.notEqual(pair(api).cert, cert)

  for (const data of [{}, { 'tls.crt': 'eA==', 'tls.key': 'eA==', 'ca.crt': 'eA==' }]) {
    api.replace({ ...api.secret(), data })
    await tend()
    assertVerifiable(pair(api))
  }
})

test('an API server that fails is told', async () => {
  const { tend } = leader(cluster(), { server: { call: async () => ({ status: 500, body: {} }) } })
  await assert.rejects(tend(), /sluice-tls was answered with 500/)
})
