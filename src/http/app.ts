/**
 * Every path this server has.
 *
 * Express matches its layers one by one and every layer costs, so there is no middleware: the endpoints come first,
 * each with one handler that does everything for its path.
 */
import express, { type Express, type RequestHandler } from 'express'
import type { Endpoint } from '../admission/endpoint.ts'
import { type CallContext, callHandler } from './call.ts'
import { failureHandler, notFound, onlyMethod } from './failure.ts'
import { type ReadinessCheck, serveHealth, serveMetrics, serveReadiness } from './probes.ts'
import type { Traffic } from './traffic.ts'

export interface AppParts extends CallContext {
  readonly endpoints: readonly Endpoint[]
  readonly checks: readonly ReadinessCheck[]
  readonly traffic: Traffic
  /** The page and its JSON, asked for whatever is no endpoint and no probe. */
  readonly pages?: RequestHandler
}

const PROBE_PATHS = ['/healthz', '/readyz', '/metrics'] as const

export function pathsOf(endpoints: readonly Endpoint[]): ReadonlySet<string> {
  return new Set([...endpoints.map(endpoint => endpoint.path), ...PROBE_PATHS])
}

export function buildApp(parts: AppParts): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  // A path is the one that is configured and no other that looks like it.
  app.enable('case sensitive routing')
  app.enable('strict routing')

  for (const endpoint of parts.endpoints) app.post(endpoint.path, callHandler(endpoint, parts))
  app.get('/healthz', serveHealth)
  app.get('/readyz', serveReadiness(parts.checks))
  app.get('/metrics', serveMetrics(parts.traffic))

  for (const endpoint of parts.endpoints) app.all(endpoint.path, onlyMethod('POST'))
  for (const path of PROBE_PATHS) app.all(path, onlyMethod('GET'))
  if (parts.pages !== undefined) app.use(parts.pages)
  app.use(notFound)
  app.use(failureHandler(parts.log))
  return app
}
