import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { checkPair } from './certificate.ts'
import { selfSignedCertificate } from './self-signed.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const DAY_MS = 24 * 60 * 60 * 1_000

const served: number[] = []
const observer = { serving: (notAfterMs: number) => void served.push(notAfterMs), reloaded() {} }
const names = ['sluice.sluice-system.svc', '10.1.2.3']
const source = await selfSignedCertificate({ names, nowMs: NOW_MS, observer })
const server = new X509Certificate(source.current.cert)
const authority = new X509Certificate(source.ca ?? '')

test('it is for this machine and for the names that were asked for', () => {
  for (const name of ['localhost', 'sluice.sluice-system.svc']) assert.equal(server.checkHost(name), name)
  for (const address of ['127.0.0.1', '::1', '10.1.2.3']) assert.equal(server.checkIP(address), address)
  assert.equal(server.checkHost('example.com'), undefined)
})

test('its authority signed it, and it can sign nothing itself', () => {
  assert.equal(server.checkIssued(authority), true)
  assert.equal(server.verify(authority.publicKey), true)
  assert.equal(authority.ca, true)
  assert.equal(server.ca, false)
})

test('it uses P-256: handshakes are what connections cost', () => {
  assert.deepEqual(server.publicKey.asymmetricKeyDetails, { namedCurve: 'prime256v1' })
})

test('it is valid from before now for more than a day, and its expiry is told', () => {
  assert.ok(Date.parse(server.validFrom) < NOW_MS)
  assert.ok(source.current.notAfterMs > NOW_MS + DAY_MS)
  assert.equal(Date.parse(server.validTo), source.current.notAfterMs)
  assert.deepEqual(served, [source.current.notAfterMs])
})

test('it passes the check that certificates from files have to pass', () => {
  assert.equal(checkPair(source.current, { cert: 'cert', key: 'key' }, NOW_MS).ok, true)
})

test('making it leaves no trace in Reflect', () => {
  assert.equal('getMetadata' in Reflect, false)
})
