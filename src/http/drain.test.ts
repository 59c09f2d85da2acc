import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'
import { connect, endpoint, gatedEndpoint, HOST, keptAlive, MemoryLog, send, serve } from '../../test/support/https.ts'
import { type Drainable, type DrainOptions, installShutdown, type ShutdownProcess } from './drain.ts'

const quick = endpoint('/quick', () => ({ status: 200, body: {} }))

/** A process that is told to stop, and tells with which code it would have ended. */
class TestProcess extends EventEmitter implements ShutdownProcess {
  readonly codes: number[] = []
  readonly ended = once(this, 'ended')
  exit(code: number): void {
    this.codes.push(code)
    this.emit('ended')
  }
}

/** The two or three times a drain waits, each of which ends when the test says so. */
class Waits {
  readonly #begun = new EventEmitter()
  readonly #gates: PromiseWithResolvers<void>[] = []
  readonly wait = (): Promise<void> => {
    const gate = Promise.withResolvers<void>()
    this.#gates.push(gate)
    this.#begun.emit('begun')
    return gate.promise
  }
  async end(index: number): Promise<void> {
    await this.begun(index)
    this.#gates[index]?.resolve()
  }
  async begun(index: number): Promise<void> {
    while (this.#gates.length <= index) await once(this.#begun, 'begun')
  }
}
const SERVING = 0
const EMPTYING = 1

function shutdownOf(server: Drainable, options: Partial<DrainOptions> = {}) {
  const process = new TestProcess()
  const waits = new Waits()
  const log = new MemoryLog()
  installShutdown(process, server, { log, wait: waits.wait, ...options })
  return { process, waits, log }
}

test('fifty requests in flight on kept connections are all answered', async t => {
  const slow = gatedEndpoint('/slow')
  const server = await serve(t, { endpoints: [slow.endpoint, quick] })
  const { process, waits } = shutdownOf(server.http)
  const agents = Array.from({ length: 50 }, () => keptAlive(t))
  await Promise.all(agents.map(agent => send(server, { path: '/quick', body: '{}', agent })))
  const inFlight = agents.map(agent => send(server, { path: '/slow', body: '{}', agent }))
  await slow.until(50)

  process.emit('SIGTERM', 'SIGTERM')
  const readiness = await send(server, { method: 'GET', path: '/readyz' })
  assert.equal(readiness.status, 503)
  assert.match(readiness.text, /"not-draining","ok":false/)
  const whileServing = await send(server, { path: '/quick', body: '{}', agent: keptAlive(t) })
  assert.equal(whileServing.status, 200)
  assert.equal(whileServing.headers.connection, 'close')

  await waits.end(SERVING)
  await waits.begun(EMPTYING)
  await assert.rejects(send(server, { path: '/quick', body: '{}' }), { code: 'ECONNREFUSED' })

  slow.release()
  const answers = await Promise.all(inFlight)
  assert.deepEqual(
    new Set(answers.map(answer => `${answer.status} ${answer.headers.connection}`)),
    new Set(['200 close']),
  )
  await process.ended
  assert.deepEqual(process.codes, [0])
})

test('under load no request is lost from the signal to the end of serving', async t => {
  const server = await serve(t, { endpoints: [quick] })
  const { process, waits } = shutdownOf(server.http)
  const counts = { before: 0, after: 0 }
  const enough = { before: Promise.withResolvers<void>(), after: Promise.withResolvers<void>() }
  let phase: 'before' | 'after' = 'before'
  let isStopping = false
  const client = async () => {
    const agent = keptAlive(t)
    while (!isStopping) {
      assert.equal((await send(server, { path: '/quick', body: '{}', agent })).status, 200)
      if (++counts[phase] === 100) enough[phase].resolve()
    }
  }
  const clients = Promise.all(Array.from({ length: 8 }, client))

  await enough.before.promise
  process.emit('SIGTERM', 'SIGTERM')
  phase = 'after'
  await enough.after.promise
  isStopping = true
  await clients
  await waits.end(SERVING)
  await process.ended
  assert.deepEqual(process.codes, [0])
})

test('a second signal exits at once', async t => {
  const server = await serve(t)
  const { process } = shutdownOf(server.http)
  process.emit('SIGTERM', 'SIGTERM')
  assert.deepEqual(process.codes, [])
  process.emit('SIGTERM', 'SIGTERM')
  assert.deepEqual(process.codes, [143])
})

test('a request that does not end is cut when its time is up, and said', async t => {
  const slow = gatedEndpoint('/slow')
  const server = await serve(t, { endpoints: [slow.endpoint] })
  const { process, waits, log } = shutdownOf(server.http)
  const cut = assert.rejects(send(server, { path: '/slow', body: '{}' }), { code: 'ECONNRESET' })
  await slow.until(1)

  process.emit('SIGINT', 'SIGINT')
  await waits.end(SERVING)
  await waits.end(EMPTYING)
  await process.ended
  await cut
  assert.deepEqual(process.codes, [1])
  assert.deepEqual(
    log.problems.map(({ message, context }) => [message, context]),
    [['connections were cut at shutdown', { count: 1 }]],
  )
  slow.release()
})

test('a connection that was opened and never used loses no request, so the exit is clean', async t => {
  const server = await serve(t, { endpoints: [quick] })
  const { process, waits } = shutdownOf(server.http)
  const unused = await connect(t, server)
  const closed = once(unused.resume(), 'close')
  // The server has taken the connection once it has answered another that came later.
  await send(server, { path: '/quick', body: '{}' })

  process.emit('SIGTERM', 'SIGTERM')
  await waits.end(SERVING)
  await waits.end(EMPTYING)
  await process.ended
  await closed
  assert.deepEqual(process.codes, [0])
})

test('what must be finished is finished when no request can come any more', async t => {
  const order: string[] = []
  const server = await serve(t, { endpoints: [quick] })
  const finish = async () => {
    await assert.rejects(connect(t, { port: server.port, ca: server.ca }, { host: HOST }), { code: 'ECONNREFUSED' })
    order.push('finished')
  }
  const { process, waits } = shutdownOf(server.http, { finish })
  process.emit('SIGTERM', 'SIGTERM')
  await waits.end(SERVING)
  await process.ended
  assert.deepEqual(order, ['finished'])
  assert.deepEqual(process.codes, [0])
})

test('what cannot be finished is said, and the process ends all the same', async t => {
  const server = await serve(t)
  const cause = new Error('lease is gone')
  const { process, waits, log } = shutdownOf(server.http, { finish: () => Promise.reject(cause) })
  process.emit('SIGTERM', 'SIGTERM')
  await waits.end(SERVING)
  await process.ended
  assert.deepEqual(process.codes, [1])
  assert.deepEqual(
    log.problems.map(told => told.cause),
    [cause],
  )
})
