import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect, endpoint, gatedEndpoint, keptAlive, send, serve } from '../../test/support/https.ts'
import type { Call } from '../admission/endpoint.ts'

test('the call carries the deadline of the caller on the clock of the server', async t => {
  const calls: Call[] = []
  const record = endpoint('/record', (_body, call) => {
    calls.push(call)
    return { status: 200, body: {} }
  })
  const server = await serve(t, { endpoints: [record], clock: { now: () => 1_000_000 } })
  await send(server, { path: '/record?timeout=2s', body: '{}' })
  assert.deepEqual(
    calls.map(({ deadlineMs, timeoutMs }) => ({ deadlineMs, timeoutMs })),
    [{ deadlineMs: 1_001_800, timeoutMs: 2_000 }],
  )
})

test('a deadline that passes is answered with 504, and the late answer is dropped', async t => {
  const late = gatedEndpoint('/late')
  const quick = endpoint('/quick', () => ({ status: 200, body: { quick: true } }))
  const server = await serve(t, { endpoints: [late.endpoint, quick] })
  const agent = keptAlive(t)

  const cut = await send(server, { path: '/late?timeout=20ms', body: '{}', agent })
  assert.equal(cut.status, 504)
  assert.match(cut.text, /no answer within 20 ms/)

  late.release()
  // On the same connection: a late answer that was written after all would be taken for this one.
  assert.equal((await send(server, { path: '/quick', body: '{}', agent })).text, '{"quick":true}')
  assert.deepEqual(server.log.problems, [])
})

test('an endpoint that fails after its deadline brings nothing down', async t => {
  const gate = Promise.withResolvers<never>()
  const server = await serve(t, { endpoints: [endpoint('/late', () => gate.promise)] })
  assert.equal((await send(server, { path: '/late?timeout=20ms', body: '{}' })).status, 504)
  gate.reject(new Error('too late'))
  assert.equal((await send(server, { method: 'GET', path: '/healthz' })).status, 200)
  assert.equal(server.log.problems.length, 1)
})

test('a body that does not arrive in time is answered with 408 and ends the connection', async t => {
  const server = await serve(t, { endpoints: [gatedEndpoint('/slow').endpoint] })
  const socket = await connect(t, server)
  let received = ''
  socket.on('data', chunk => {
    received += chunk
  })
  socket.write(
    'POST /slow?timeout=20ms HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
  )
  await once(socket, 'end')
  assert.match(received, /^HTTP\/1\.1 408 /)
  assert.match(received, /the body did not arrive within 20 ms/)
})

test('above the cap a request is told to come back, and there is room again afterwards', async t => {
  const slow = gatedEndpoint('/slow')
  const server = await serve(t, { endpoints: [slow.endpoint], maxInFlight: 2 })
  const admitted = [send(server, { path: '/slow', body: '{}' }), send(server, { path: '/slow', body: '{}' })]
  await slow.until(2)
  assert.equal(server.traffic.inFlight(), 2)

  const refused = await send(server, { path: '/slow', body: '{}' })
  assert.equal(refused.status, 503)
  assert.equal(refused.headers['retry-after'], '1')
  assert.equal((await send(server, { method: 'GET', path: '/healthz' })).status, 200)

  slow.release()
  assert.deepEqual(
    (await Promise.all(admitted)).map(answer => answer.status),
    [200, 200],
  )
  while (server.traffic.inFlight() > 0) await once(server.traffic, 'answered')
  assert.equal((await send(server, { path: '/slow', body: '{}' })).status, 200)
})

test('a caller who goes away frees its place and is counted as gone', async t => {
  const slow = gatedEndpoint('/slow')
  const server = await serve(t, { endpoints: [slow.endpoint] })
  const socket = await connect(t, server)
  socket.write('POST /slow HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}')
  await slow.until(1)
  const counted = once(server.traffic, 'answered')
  socket.destroy()
  await counted
  slow.release()
  assert.equal(server.traffic.inFlight(), 0)
  assert.deepEqual(server.traffic.answers, ['/slow 499'])
})

test('a caller who goes away in the middle of the body is no error of ours', async t => {
  const server = await serve(t, { endpoints: [endpoint('/x', () => ({ status: 200, body: {} }))] })
  const socket = await connect(t, server)
  socket.write(
    'POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\nExpect: 100-continue\r\n\r\n',
  )
  await once(socket, 'data')
  const counted = once(server.traffic, 'answered')
  socket.destroy()
  await counted
  assert.deepEqual(server.traffic.answers, ['/x 499'])
  assert.deepEqual(server.log.problems, [])
})

const bugs = [
  {
    name: 'throws',
    answer: () => {
      throw new Error('secret detail')
    },
  },
  { name: 'rejects', answer: () => Promise.reject(new Error('secret detail')) },
  { name: 'rejects with nothing', answer: () => Promise.reject(undefined) },
  { name: 'answers what is no JSON', answer: () => ({ status: 200, body: { count: 1n } }) },
  { name: 'answers with no HTTP status', answer: () => ({ status: 7, body: {} }) },
]
for (const { name, answer } of bugs) {
  test(`an endpoint that ${name} is answered with 500 without the cause, which is logged`, async t => {
    const server = await serve(t, { endpoints: [endpoint('/bug', answer)] })
    const counted = once(server.traffic, 'answered')
    const received = await send(server, { path: '/bug', body: '{}' })
    await counted
    assert.equal(received.status, 500)
    assert.equal(received.text, '{"message":"internal error; the log of this replica has the cause"}')
    assert.deepEqual(
      server.log.problems.map(told => told.context),
      [{ path: '/bug' }],
    )
    assert.deepEqual(server.traffic.answers, ['/bug 500'])
  })
}

test('an answered request leaves no timer behind', async t => {
  const server = await serve(t, { endpoints: [endpoint('/quick', () => ({ status: 200, body: {} }))] })
  const timers = () => process.getActiveResourcesInfo().filter(resource => resource === 'Timeout').length
  const before = timers()
  for (let request = 0; request < 5; request++) {
    const counted = once(server.traffic, 'answered')
    await send(server, { path: '/quick?timeout=30s', body: '{}' })
    await counted
  }
  assert.equal(timers(), before)
})

test('a path that is only read gets its query, and counts and is bounded like a call', async t => {
  const reading = {
    path: '/read',
    answer: (query: URLSearchParams) => ({ status: 200, body: { of: query.get('of') } }),
  }
  const gate = gatedEndpoint('/slow')
  const server = await serve(t, { endpoints: [gate.endpoint], readings: [reading], maxInFlight: 1 })
  const read = (query: string) => send(server, { method: 'GET', path: `/read${query}` })
  assert.equal((await read('?of=a%20b')).text, '{"of":"a b"}')
  assert.equal((await read('')).text, '{"of":null}')

  const held = send(server, { path: '/slow', body: '{}' })
  await gate.until(1)
  const { status, headers } = await read('')
  assert.deepEqual([status, headers['retry-after']], [503, '1'])
  gate.release()
  await held
  assert.equal((await read('')).status, 200)
  assert.ok(server.traffic.answers.includes('/read 200'))
})

test('a path that is only read takes nothing else, and what it throws is told to the log alone', async t => {
  const broken = {
    path: '/broken',
    answer() {
      throw new Error('row 7 of the ledger')
    },
  }
  const server = await serve(t, { readings: [broken] })
  const { status, headers } = await send(server, { path: '/broken', body: '{}' })
  assert.deepEqual([status, headers.allow], [405, 'GET'])
  const failed = await send(server, { method: 'GET', path: '/broken' })
  assert.equal(failed.status, 500)
  assert.doesNotMatch(failed.text, /ledger/)
  assert.deepEqual(
    server.log.problems.map(({ context }) => context?.path),
    ['/broken'],
  )
})
