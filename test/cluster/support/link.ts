/**
 * The network between a replica and the API server. It fails as networks do and processes do not: without a word. A connection of
 * which anything was lost stays silent for good, as one does that a firewall has forgotten; it is never closed from here.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { HOST } from './free-port.ts'

export interface Link {
  /** Where the other end is reached. */
  readonly url: string
  /** Those that are open, silent ones included. */
  connections(): number
  /** Everything passes, as late as is said, each way. */
  pass(lateMs?: number): void
  /** Nothing passes. */
  hang(): void
  /** What is said arrives, and no answer comes back. */
  deafen(): void
  /** The connections that are open now hear nothing more; new ones pass. */
  forget(): void
  /** Those that are open now are closed; new ones pass. */
  cut(): void
  close(): void
}

type Way = 'there' | 'back'

interface Connection {
  isLost: boolean
}

const EVERYTHING: ReadonlySet<Way> = new Set(['there', 'back'])

/** A link to an HTTPS address of this machine. */
export async function startLink(to: string): Promise<Link> {
  const { port } = new URL(to)
  const sockets = new Set<Socket>()
  const open = new Set<Connection>()
  let passing = EVERYTHING
  let lateMs = 0

  function carry(from: Socket, into: Socket, way: Way, connection: Connection): void {
    // Whatever is late keeps its order.
    let sent = Promise.resolve()
    from.on('data', chunk => {
      if (!passing.has(way)) connection.isLost = true
      if (connection.isLost) return
      const dueMs = performance.now() + lateMs
      sent = sent.then(async () => {
        const leftMs = dueMs - performance.now()
        if (leftMs > 0) await pause(leftMs)
        if (!connection.isLost && into.writable) into.write(chunk)
      })
    })
    from.on('close', () => into.destroy())
  }

  function keep(socket: Socket): Socket {
    sockets.add(socket.setNoDelay())
    // Either end may be killed; the other learns of it by the close that follows.
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }

  const server = createServer(near => {
    const connection: Connection = { isLost: false }
    open.add(connection)
    const far = connect(Number(port), HOST)
    carry(keep(near), keep(far), 'there', connection)
    carry(far, near, 'back', connection)
    near.on('close', () => open.delete(connection))
  })
  server.listen(0, HOST)
  await once(server, 'listening')
  return {
    url: `https://${HOST}:${(server.address() as AddressInfo).port}`,
    connections: () => open.size,
    pass(late = 0) {
      passing = EVERYTHING
      lateMs = late
    },
    hang() {
      passing = new Set()
    },
    deafen() {
      passing = new Set(['there'])
    },
    forget() {
      for (const connection of open) connection.isLost = true
    },
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
