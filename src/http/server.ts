/** The HTTPS server the API server talks to. */
import type { ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../admission/endpoint.ts'
import { type AppParts, buildApp, pathsOf } from './app.ts'
import { callHandler, readHandler } from './call.ts'
import type { CertificateSource } from './certificate.ts'
import type { Drainable } from './drain.ts'
import { trackInFlight } from './in-flight.ts'
import type { ReadinessCheck } from './probes.ts'
import { secureContext, serverSettings } from './settings.ts'
import { CLIENT_CLOSED, OTHER_PATH, type Traffic } from './traffic.ts'

export interface HttpServerOptions extends AppParts {
  readonly clock: Clock
  readonly certificate: CertificateSource
  /** How many reviews are answered at once; the next one is told to come back. */
  readonly maxInFlight?: number
  /** The name that the certificates of this service's replicas are made out to, by which they know each other. */
  readonly peerName?: string
}

export interface HttpServer extends Drainable {
  /** The port it listens on, chosen by the system for port 0. */
  listen(port: number, host?: string): Promise<number>
}

const DEFAULT_MAX_IN_FLIGHT = 1_024

export function createHttpServer(options: HttpServerOptions): HttpServer {
  let isDraining = false
  const draining: ReadinessCheck = {
    name: 'not-draining',
    problem: () => (isDraining ? 'this replica is shutting down' : undefined),
  }
  const inFlight = trackInFlight(options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT)
  const app = buildApp({ ...options, checks: [draining, ...options.checks] })
  const calls = new Map(options.endpoints.map(one => [one.path, callHandler(one, { ...options, inFlight })]))
  const readings = new Map((options.readings ?? []).map(one => [one.path, readHandler(one, { ...options, inFlight })]))
  const count = countAnswers(options.traffic, pathsOf(options))

  const handlersFor = (method: string | undefined) => {
    if (method === 'POST') return calls
    return method === 'GET' ? readings : undefined
  }

  const server = https.createServer(serverSettings(options.certificate.current))
  options.certificate.onChange(pair => server.setSecureContext(secureContext(pair)))
  options.traffic.watchInFlight(() => inFlight.size)
  server.on('request', (req, res) => {
    const path = pathOf(req.url ?? '')
    count(path, res)
    if (isDraining) res.setHeader('Connection', 'close')
    // Express serves everything but reviews: its router and its body reader together take 17 % of their rate.
    const call = handlersFor(req.method)?.get(path)
    if (call === undefined) app(req, res)
    else call(req, res)
  })

  return {
    get inFlight() {
      return inFlight.size
    },
    listen: (port, host) => listen(server, port, host),
    beginDrain() {
      isDraining = true
      inFlight.askToReconnect()
    },
    // Node closes the idle connections with the listener; the others end with their answers, which say `Connection:
    // close`.
    stopAccepting: () => new Promise(resolve => server.close(() => resolve())),
    closeAll: () => server.closeAllConnections(),
  }
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

function countAnswers(traffic: Traffic, paths: ReadonlySet<string>) {
  return (path: string, res: ServerResponse): void => {
    const label = paths.has(path) ? path : OTHER_PATH
    res.once('close', () => traffic.answered(label, res.writableFinished ? res.statusCode : CLIENT_CLOSED))
  }
}

function listen(server: https.Server, port: number, host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}
