/** A real HTTPS server on the loopback address, and clients that verify it. */
import { EventEmitter, once } from 'node:events'
import https from 'node:https'
import type { TestContext } from 'node:test'
import tls from 'node:tls'
import type { Answer, Call, Decision, Endpoint, Log, LogContext } from '../../src/admission/endpoint.ts'
import type { CertificateSource } from '../../src/http/certificate.ts'
import { selfSignedCertificate } from '../../src/http/self-signed.ts'
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../src/http/server.ts'
import type { Traffic } from '../../src/http/traffic.ts'

export const HOST = '127.0.0.1'

export function newCertificate(nowMs = Date.now()): Promise<CertificateSource> {
  return selfSignedCertificate({ nowMs, observer: { serving() {}, reloaded() {} } })
}

interface Told {
  readonly message: string
  readonly cause?: unknown
  readonly context?: LogContext
}

/** A log that keeps what it is told. */
export class MemoryLog implements Log {
  readonly decisions: Decision[] = []
  readonly events: Told[] = []
  readonly problems: Told[] = []

  decision(decision: Decision): void {
    this.decisions.push(decision)
  }
  event(message: string, context: LogContext = {}): void {
    this.events.push({ message, context })
  }
  problem(message: string, cause?: unknown, context: LogContext = {}): void {
    this.problems.push({ message, cause, context })
  }
}

/** Traffic that keeps what it is told, and tells when the next request is over. */
export class MemoryTraffic extends EventEmitter implements Traffic {
  readonly contentType = 'text/plain'
  readonly answers: string[] = []
  inFlight: () => number = () => Number.NaN

  answered(path: string, status: number): void {
    this.answers.push(`${path} ${status}`)
    this.emit('answered')
  }
  watchInFlight(read: () => number): void {
    this.inFlight = read
  }
  async exposition(): Promise<string> {
    return `in_flight ${this.inFlight()}\n`
  }
}

export interface TestServer {
  readonly port: number
  readonly url: string
  readonly ca: string
  readonly http: HttpServer
  readonly log: MemoryLog
  readonly traffic: MemoryTraffic
}

/** Listens until the test is over. */
export async function serve(t: TestContext, options: Partial<HttpServerOptions> = {}): Promise<TestServer> {
  const log = new MemoryLog()
  const traffic = new MemoryTraffic()
  const certificate = options.certificate ?? (await newCertificate())
  const clock = { now: () => performance.now() }
  const http = createHttpServer({ endpoints: [], checks: [], traffic, log, clock, ...options, certificate })
  const port = await http.listen(0, HOST)
  t.after(() => {
    // Not waited for: a client that is in the middle of its handshake is closed by its own hook, after this one.
    void http.stopAccepting()
    http.closeAll()
  })
  return { port, url: `https://${HOST}:${port}`, ca: certificate.ca ?? '', http, log, traffic }
}

export function endpoint(path: string, answer: (body: unknown, call: Call) => Answer | Promise<Answer>): Endpoint {
  return { path, answer }
}

/** An endpoint that says who has come and answers when it is let. */
export function gatedEndpoint(path: string) {
  const gate = Promise.withResolvers<void>()
  const arrivals = new EventEmitter()
  let arrived = 0
  const open = endpoint(path, async () => {
    arrived++
    arrivals.emit('arrival')
    await gate.promise
    return { status: 200, body: { late: true } }
  })
  return {
    endpoint: open,
    release: () => gate.resolve(),
    async until(count: number): Promise<void> {
      while (arrived < count) await once(arrivals, 'arrival')
    },
  }
}

export interface Sent {
  readonly method?: string
  readonly path: string
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  readonly agent?: https.Agent
}

export interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** One request; a JSON POST unless it says otherwise. Rejects when the connection breaks. */
export function send(server: Pick<TestServer, 'port' | 'ca'>, sent: Sent): Promise<Received> {
  const method = sent.method ?? 'POST'
  const type = method === 'POST' ? { 'Content-Type': 'application/json' } : {}
  return new Promise((resolve, reject) => {
    const request = https.request(
      {
        host: HOST,
        port: server.port,
        ca: server.ca,
        method,
        path: sent.path,
        headers: { ...type, ...sent.headers },
        agent: sent.agent ?? false,
      },
      response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
        })
      },
    )
    request.on('error', reject)
    request.end(sent.body)
  })
}

/** A bare TLS connection, closed with the test. */
export async function connect(
  t: TestContext,
  server: Pick<TestServer, 'port' | 'ca'>,
  options: tls.ConnectionOptions = {},
): Promise<tls.TLSSocket> {
  const socket = tls.connect({ host: HOST, port: server.port, ca: server.ca, ...options })
  t.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

/** An agent with one connection that it keeps, closed with the test. */
export function keptAlive(t: TestContext): https.Agent {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  return agent
}
