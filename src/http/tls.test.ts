import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import tls from 'node:tls'
import { connect, endpoint, HOST, keptAlive, newCertificate, send, serve } from '../../test/support/https.ts'
import type { CertificateSource, KeyPair } from './certificate.ts'

const constant = endpoint('/constant', () => ({ status: 200, body: { yes: true } }))

test('a client that offers HTTP/2 and HTTP/1.1 gets HTTP/1.1 over TLS 1.3', async t => {
  const socket = await connect(t, await serve(t), { ALPNProtocols: ['h2', 'http/1.1'] })
  assert.equal(socket.alpnProtocol, 'http/1.1')
  assert.equal(socket.getProtocol(), 'TLSv1.3')
})

test('a TLS 1.2 client is served', async t => {
  const socket = await connect(t, await serve(t), { maxVersion: 'TLSv1.2' })
  assert.equal(socket.getProtocol(), 'TLSv1.2')
})

const refused = [
  {
    name: 'speaks only TLS 1.1',
    // OpenSSL has switched TLS 1.1 off in the client as well, below this security level.
    options: { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const,
    want: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  },
  {
    name: 'speaks only HTTP/2',
    options: { ALPNProtocols: ['h2'] },
    want: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
  },
]
for (const { name, options, want } of refused) {
  test(`a client that ${name} is refused by the server in the handshake`, async t => {
    const server = await serve(t)
    await assert.rejects(connect(t, server, options), { code: want })
    assert.equal((await send(server, { method: 'GET', path: '/healthz' })).status, 200)
  })
}

test('a client that does not know the authority refuses the server', async t => {
  const server = await serve(t)
  const stranger = (await newCertificate()).ca ?? ''
  await assert.rejects(
    send({ port: server.port, ca: stranger }, { method: 'GET', path: '/healthz' }),
    /unable to verify|signature/,
  )
})

test('a second connection resumes the session of the first by its ticket', async t => {
  const server = await serve(t)
  const first = tls.connect({ host: HOST, port: server.port, ca: server.ca })
  t.after(() => first.destroy())
  const [session] = await once(first, 'session')
  const second = await connect(t, server, { session })
  assert.equal(second.isSessionReused(), true)
})

test('a kept connection survives a new certificate, and a new connection is shown the new one', async t => {
  const before = await newCertificate()
  const after = await newCertificate()
  let replace: (pair: KeyPair) => void = () => assert.fail('the server does not follow its certificate')
  const certificate: CertificateSource = {
    ...before,
    onChange(listener) {
      replace = listener
    },
  }
  const server = await serve(t, { endpoints: [constant], certificate })
  const agent = keptAlive(t)
  const kept = () => send(server, { path: '/constant', body: '{}', agent })

  assert.equal((await kept()).status, 200)
  const [socket] = Object.values(agent.freeSockets).flat()
  replace(after.current)
  assert.equal((await kept()).status, 200)
  assert.deepEqual(Object.values(agent.freeSockets).flat(), [socket])

  assert.equal((await send({ ...server, ca: after.ca ?? '' }, { path: '/constant', body: '{}' })).status, 200)
  await assert.rejects(send(server, { path: '/constant', body: '{}' }), /unable to verify|signature/)
})
