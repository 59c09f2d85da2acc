/**
 * HTTP/1.1 over raw TLS with as little work on this side as possible, so that the server is what is measured: requests are written
 * from buffers that were made beforehand, of which only the UIDs change, and of an answer no more is read than its length and verdict.
 */
import { once } from 'node:events'
import tls from 'node:tls'
import { percentile } from './statistics.ts'

export interface Target {
  readonly port: number
  readonly ca: string
  readonly path: string
  /** One request body for each connection in turn. */
  readonly bodies: readonly Buffer[]
}

export interface Slot {
  readonly requests: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers that did not allow the pod; there must be none. */
  readonly refused: number
}

export interface LoadClient {
  run(forMs: number): Promise<Slot>
  close(): void
}

/** What stands where a body wants a new UID each time. */
export const UID_PLACEHOLDER = '00000000-0000-4000-8000-000000000000'
const HEX_DIGITS = 12

export async function openLoadClient(target: Target, connections: number): Promise<LoadClient> {
  const open = await Promise.all(
    Array.from({ length: connections }, (_, index) =>
      connect(target, target.bodies[index % target.bodies.length] ?? Buffer.alloc(0)),
    ),
  )
  return {
    async run(forMs) {
      const startedMs = performance.now()
      const slots = await Promise.all(open.map(connection => connection.run(startedMs + forMs)))
      const seconds = (performance.now() - startedMs) / 1000
      const latencies = Float64Array.from(slots.flatMap(slot => slot.latenciesMs)).sort()
      return {
        requests: latencies.length,
        seconds,
        p50Ms: percentile(latencies, 0.5),
        p99Ms: percentile(latencies, 0.99),
        refused: slots.reduce((sum, slot) => sum + slot.refused, 0),
      }
    },
    close: () => {
      for (const connection of open) connection.close()
    },
  }
}

interface Connection {
  run(untilMs: number): Promise<{ readonly latenciesMs: readonly number[]; readonly refused: number }>
  close(): void
}

async function connect({ port, ca, path }: Target, body: Buffer): Promise<Connection> {
  const socket = tls.connect({ host: '127.0.0.1', port, ca, ALPNProtocols: ['http/1.1'] })
  socket.setNoDelay(true)
  await once(socket, 'secureConnect')
  const request = requestOf(path, body)
  const answers = answersOf(socket)
  return {
    async run(untilMs) {
      const latenciesMs: number[] = []
      let refused = 0
      while (performance.now() < untilMs) {
        request.renewUids()
        const sentMs = performance.now()
        socket.write(request.bytes)
        if (!(await answers.next())) refused += 1
        latenciesMs.push(performance.now() - sentMs)
      }
      return { latenciesMs, refused }
    },
    close: () => socket.destroy(),
  }
}

let counter = 0

function requestOf(path: string, body: Buffer) {
  const head = `POST ${path}?timeout=10s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  const bytes = Buffer.concat([Buffer.from(head), body])
  const places = placesOf(bytes, UID_PLACEHOLDER).map(at => at + UID_PLACEHOLDER.length - HEX_DIGITS)
  return {
    bytes,
    renewUids(): void {
      counter += 1
      const digits = counter.toString(16).padStart(HEX_DIGITS, '0')
      for (const at of places) bytes.write(digits, at, 'latin1')
    },
  }
}

function placesOf(bytes: Buffer, text: string): readonly number[] {
  const places: number[] = []
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) places.push(at)
  return places
}

/** Whether each answer allows its pod, one at a time: there is no pipelining. */
function answersOf(socket: tls.TLSSocket): { next(): Promise<boolean> } {
  let waiting: PromiseWithResolvers<boolean> | undefined
  let received: Buffer | undefined
  let expected = 0
  socket.on('data', (chunk: Buffer) => {
    received = received === undefined ? chunk : Buffer.concat([received, chunk])
    if (expected === 0) expected = lengthOf(received)
    if (expected === 0 || received.length < expected) return
    const isAllowed = received.includes('"allowed":true') && received.indexOf(' 200 ') === STATUS_AT
    received = undefined
    expected = 0
    waiting?.resolve(isAllowed)
  })
  socket.on('error', cause => waiting?.reject(cause))
  socket.on('close', () => waiting?.reject(new Error('the server closed the connection')))
  return {
    next() {
      waiting = Promise.withResolvers()
      return waiting.promise
    },
  }
}

const STATUS_AT = 'HTTP/1.1'.length

/** The length of head and body, or 0 while the head is not complete. */
function lengthOf(received: Buffer): number {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return 0
  const length = /content-length: (\d+)/i.exec(received.toString('latin1', 0, end))?.[1]
  return end + 4 + Number(length ?? 0)
}
