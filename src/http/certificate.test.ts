import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { newCertificate } from '../../test/support/https.ts'
import { formatIssue } from '../schema/parsed.ts'
import { checkPair } from './certificate.ts'

const NAMES = { cert: 'tls.crt', key: 'tls.key' }
const NOW_MS = Date.UTC(2026, 0, 1)
const YEAR_AGO_MS = NOW_MS - 2 * 365 * 24 * 60 * 60 * 1_000

const { current: good } = await newCertificate(NOW_MS)
const { current: other } = await newCertificate(NOW_MS)
const { current: old } = await newCertificate(YEAR_AGO_MS)
const encrypted = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey

test('a certificate with its key is usable until it expires', () => {
  const pair = checkPair(good, NAMES, NOW_MS)
  assert.ok(pair.ok)
  assert.equal(pair.value.notAfterMs, good.notAfterMs)
})

const broken = [
  { name: 'no certificate', cert: '', key: good.key, want: /^tls\.crt: is not a PEM certificate: / },
  {
    name: 'a cut certificate',
    cert: good.cert.slice(0, 200),
    key: good.key,
    want: /^tls\.crt: is not a PEM certificate: /,
  },
  { name: 'the two exchanged', cert: good.key, key: good.cert, want: /^tls\.crt: is not a PEM certificate: / },
  { name: 'no key', cert: good.cert, key: '', want: /^tls\.key: is not an unencrypted PEM private key: / },
  {
    name: 'an encrypted key',
    cert: good.cert,
    key: encrypted,
    want: /^tls\.key: is not an unencrypted PEM private key: /,
  },
  {
    name: 'the key of another certificate',
    cert: good.cert,
    key: other.key,
    want: /^tls\.key: is not the key of tls\.crt \(replace both files together\)$/,
  },
  {
    name: 'an expired certificate',
    cert: old.cert,
    key: old.key,
    want: /^tls\.crt: expired on .* 2025 GMT \(renew the certificate\)$/,
  },
]
for (const { name, cert, key, want } of broken) {
  test(`a pair is refused and its key not repeated: ${name}`, () => {
    const pair = checkPair({ cert, key }, NAMES, NOW_MS)
    assert.ok(!pair.ok)
    const [message = ''] = pair.issues.map(formatIssue)
    assert.match(message, want)
    assert.doesNotMatch(message, /BEGIN|MI[A-Z]/)
  })
}
