/**
 * What a Service and its EndpointSlice do in a cluster: one address, and behind it the backends that say they are ready. A
 * connection goes to the next of them and stays with it until it ends, also when that backend is no longer ready, as connections
 * to a terminating pod do (kubernetes#127335).
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { HOST } from './free-port.ts'

export interface Backend {
  readonly port: number
  isReady(): Promise<boolean>
}

export interface Balancer {
  readonly port: number
  /** A backend gets connections for as long as it is seen to be ready; whether it is at once is known when this resolves. */
  add(backend: Backend): Promise<void>
  remove(backend: Backend): void
  /** Ends the connections to a backend that was removed, as a node does that goes away. */
  cut(backend: Backend): void
  close(): void
}

const POLL_MS = 200

export async function startBalancer(): Promise<Balancer> {
  const backends = new Set<Backend>()
  const ready = new Set<Backend>()
  const sockets = new Set<Socket>()
  const backendOf = new WeakMap<Socket, Backend>()
  let turn = 0

  async function look(backend: Backend): Promise<void> {
    const isReady = await backend.isReady()
    // It may have been removed meanwhile.
    if (isReady && backends.has(backend)) ready.add(backend)
    else ready.delete(backend)
  }
  const polling = setInterval(() => {
    for (const backend of backends) void look(backend)
  }, POLL_MS).unref()

  const server = createServer(client => {
    keep(client)
    turn += 1
    const backend = [...ready][turn % Math.max(1, ready.size)]
    // As a Service without endpoints: the connection is refused.
    if (backend === undefined) {
      client.destroy()
      return
    }
    const upstream = keep(connect(backend.port, HOST))
    backendOf.set(upstream, backend)
    client.pipe(upstream).pipe(client)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  function keep(socket: Socket): Socket {
    sockets.add(socket.setNoDelay())
    // Either end may be killed; the other learns of it by the close that follows.
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }

  server.listen(0, HOST)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    add(backend) {
      backends.add(backend)
      return look(backend)
    },
    remove(backend) {
      backends.delete(backend)
      ready.delete(backend)
    },
    cut(backend) {
      for (const socket of sockets) if (backendOf.get(socket) === backend) socket.destroy()
    },
    close() {
      clearInterval(polling)
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
