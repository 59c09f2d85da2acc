/**
 * Kept HTTP/1.1 connections to the API server. Each purpose has a line of its own, so that no slow list delays a lease, and no
 * queue of status writes delays a charge. @kubernetes/client-node opens a new TLS connection for each call: a PUT of 2 KB takes it
 * five times the CPU.
 */
import type { IncomingMessage } from 'node:http'
import { Agent, type RequestOptions, request as startRequest } from 'node:https'
import { urlToHttpOptions } from 'node:url'
import type { Access } from './connect.ts'

export interface Message {
  readonly method: string
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Ends the exchange wherever it is, the body of its answer included. */
  readonly signal?: AbortSignal
}

export interface Line {
  /** The head of the answer came; its body is still to be read. Rejects when none came. */
  send(message: Message): Promise<IncomingMessage>
  close(): void
}

/** The API server closes what is idle for 90 s: what we close earlier, it cannot close while we write. */
const IDLE_MS = 60_000
/** As client-go: shorter than the idle timeouts of load balancers. */
const KEEP_ALIVE_MS = 30_000

export function openLine(access: Access, { connections }: { readonly connections: number }): Line {
  const agent = new Agent({
    keepAlive: true,
    keepAliveMsecs: KEEP_ALIVE_MS,
    timeout: IDLE_MS,
    maxSockets: connections,
    maxFreeSockets: connections,
  })
  const { hostname, port } = urlToHttpOptions(access.server)
  const prefix = access.server.pathname.replace(/\/$/, '')

  async function send(message: Message): Promise<IncomingMessage> {
    const credentials = await access.credentials()
    const { method, body, signal } = message
    const options: RequestOptions = {
      agent,
      hostname,
      port,
      method,
      path: prefix + pathOf(message),
      headers: { 'User-Agent': 'sluice', ...credentials.headers, ...message.headers, ...lengthOf(body) },
      ...credentials.tls,
      ...(signal === undefined ? {} : { signal }),
    }
    const response = await exchange(options, body)
    if (response.statusCode === 401) access.refused(credentials)
    return response
  }

  return { send, close: () => agent.destroy() }
}

function pathOf({ path, query }: Message): string {
  return query === undefined ? path : `${path}?${new URLSearchParams(query)}`
}

function lengthOf(body: string | undefined): Readonly<Record<string, string>> {
  return body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
}

function exchange(options: RequestOptions, body: string | undefined, isRetry = false): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = startRequest(options, resolve)
    request.once('error', cause => {
      // The other side closed a kept connection just as we took it. What only reads can be sent again.
      const wasClosed = request.reusedSocket && 'code' in cause && cause.code === 'ECONNRESET'
      if (wasClosed && options.method === 'GET' && !isRetry) exchange(options, body, true).then(resolve, reject)
      else reject(cause)
    })
    request.end(body)
  })
}
