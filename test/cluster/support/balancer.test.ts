import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type Backend, type Balancer, startBalancer } from './balancer.ts'
import { eventually } from './eventually.ts'
import { HOST } from './free-port.ts'

interface NamedBackend extends Backend {
  become(isReady: boolean): void
}

/** It tells its name to whoever connects, and then repeats what it is told. */
async function backend(t: TestContext, name: string): Promise<NamedBackend> {
  let ready = true
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.write(name)
    socket.pipe(socket)
  }).listen(0, HOST)
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, isReady: async () => ready, become: value => (ready = value) }
}

async function balancer(t: TestContext): Promise<Balancer> {
  const started = await startBalancer()
  t.after(() => started.close())
  return started
}

function open(t: TestContext, { port }: Balancer): Socket {
  const socket = connect(port, HOST).on('error', () => {})
  t.after(() => socket.destroy())
  return socket
}

/** The next bytes, or nothing when the connection ends before. */
async function told(socket: Socket): Promise<string> {
  return await Promise.race([
    once(socket, 'data').then(([chunk]) => String(chunk)),
    once(socket, 'close').then(() => ''),
  ])
}

test('connections go to those that are ready, in turn', async t => {
  const between = await balancer(t)
  for (const name of ['a', 'b']) await between.add(await backend(t, name))
  const names = []
  for (let at = 0; at < 4; at += 1) names.push(await told(open(t, between)))
  assert.deepEqual(names.toSorted(), ['a', 'a', 'b', 'b'])
})

test('a backend that is no longer ready gets no new connection, and keeps those it has', async t => {
  const between = await balancer(t)
  const [a, b] = [await backend(t, 'a'), await backend(t, 'b')]
  await between.add(a)
  const kept = open(t, between)
  assert.equal(await told(kept), 'a')
  await between.add(b)
  a.become(false)
  await eventually('only b is met', async () => {
    const met = [await told(open(t, between)), await told(open(t, between))]
    return met.includes('a') ? undefined : true
  })
  kept.write('still there?')
  assert.equal(await told(kept), 'still there?')
})

test('without a backend a connection is closed', async t => {
  assert.equal(await told(open(t, await balancer(t))), '')
})
