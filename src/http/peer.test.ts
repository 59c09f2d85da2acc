import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { endpoint, HOST, send, serve } from '../../test/support/https.ts'
import { chargeForPeers } from '../../webhooks/charge-for-peers.ts'
import { clusterWith, writerOf } from '../admission/testing.ts'
import { amount } from '../quantity/amount.ts'
import type { CertificateSource, KeyPair } from './certificate.ts'
import { peerClient } from './peer.ts'
import { peerLeader } from './peer-leader.ts'
import { issueCertificate } from './self-signed.ts'

const NAME = 'sluice.sluice-system.svc'
const HOUR_MS = 3_600_000

function issue(name = NAME) {
  return issueCertificate([name], Date.now(), HOUR_MS)
}

/** A source whose certificate a test replaces. */
function source(first: KeyPair) {
  const listeners: ((pair: KeyPair) => void)[] = []
  let current = first
  const certificate: CertificateSource = {
    get current() {
      return current
    },
    onChange: listener => void listeners.push(listener),
    close() {},
  }
  const replace = (pair: KeyPair): void => {
    current = pair
    for (const listener of listeners) listener(pair)
  }
  return { certificate, replace }
}

const whoami = endpoint('/whoami', (body, { isPeer }) => ({ status: 200, body: { isPeer, body } }))

function replica(t: TestContext, certificate: CertificateSource) {
  return serve(t, { endpoints: [whoami], certificate, peerName: NAME })
}

function caller(t: TestContext, pair: KeyPair) {
  const { certificate, replace } = source(pair)
  const client = peerClient(certificate, NAME)
  t.after(() => client.close())
  return { post: (port: number, body = {}) => client.post(`${HOST}:${port}`, '/whoami', body, 2_000), replace }
}

test('replicas with certificates of one authority know each other, time and again on one connection', async t => {
  const own = await issue()
  const { port } = await replica(t, source(own).certificate)
  const { post } = caller(t, own)
  for (const body of [{ n: 1 }, { n: 2 }]) assert.deepEqual(await post(port, body), { isPeer: true, body })
})

test('whoever shows no certificate, like the API server, is served and is no replica', async t => {
  const own = await issue()
  const { port } = await replica(t, source(own).certificate)
  const { text } = await send({ port, ca: own.ca }, { path: '/whoami', body: '{}' })
  assert.equal(text, '{"isPeer":false,"body":{}}')
})

test('a certificate of another authority, or of ours for another name, makes no replica', async t => {
  const [own, stranger, namesake] = [await issue(), await issue(), await issue('other.default.svc')]
  const server = await replica(t, source({ ...own, ca: own.ca + namesake.ca }).certificate)
  for (const pair of [stranger, namesake]) {
    const { post } = caller(t, { ...pair, ca: own.ca })
    assert.deepEqual(await post(server.port), { isPeer: false, body: {} })
  }
})

test('a replica that is somebody else is not spoken to', async t => {
  const [own, namesake] = [await issue(), await issue('other.default.svc')]
  const { port } = await replica(t, source(namesake).certificate)
  await assert.rejects(caller(t, { ...own, ca: namesake.ca }).post(port), /did not answer/)
  const other = await replica(t, source(own).certificate)
  await assert.rejects(caller(t, { ...own, ca: namesake.ca }).post(other.port), /did not answer/)
})

test('while certificates are replaced, replicas of both sides know each other at every step', async t => {
  const [before, after] = [await issue(), await issue()]
  const both = before.ca + after.ca
  const served = source({ ...before, ca: both })
  const { port } = await replica(t, served.certificate)
  const { post, replace } = caller(t, { ...before, ca: both })
  const isKnown = async () => assert.deepEqual(await post(port), { isPeer: true, body: {} })
  await isKnown()
  served.replace({ ...after, ca: both })
  await isKnown()
  replace({ ...after, ca: both })
  await isKnown()
})

test('answers that are refusals, that are no JSON and that do not come are errors', async t => {
  const own = await issue()
  const endpoints = [
    endpoint('/no', () => ({ status: 403, body: { message: 'not you' } })),
    endpoint('/never', () => new Promise(() => {})),
  ]
  const { port } = await serve(t, { endpoints, certificate: source(own).certificate, peerName: NAME })
  const client = peerClient(source(own).certificate, NAME)
  t.after(() => client.close())
  await assert.rejects(client.post(`${HOST}:${port}`, '/no', {}, 2_000), /answered \/no with 403: .*not you/)
  await assert.rejects(client.post(`${HOST}:${port}`, '/never', {}, 50), /did not answer \/never/)
  await assert.rejects(client.post(`${HOST}:1`, '/no', {}, 2_000), /did not answer \/no/)
})

test('a replica charges at the leader over the network as it would by itself', async t => {
  const own = await issue()
  const { writer, clock } = await writerOf(clusterWith())
  const endpoints = [chargeForPeers({ ledger: writer, clock })]
  const { port } = await serve(t, { endpoints, certificate: source(own).certificate, peerName: NAME, clock })
  const client = peerClient(source(own).certificate, NAME)
  t.after(() => client.close())
  const leader = peerLeader(client, `${HOST}:${port}`, clock)
  const demand = new Map([['h100', amount(4_000)]])
  const request = { uid: '1', namespace: 'team-a', tenant: 'a', tier: 'auto', demand } as const
  const [charged] = await leader.charge([request], clock.now() + 5_000)
  assert.equal(charged?.tier, 'reserved')
  assert.equal(writer.book('research')?.ledger.charges.size, 1)
})
