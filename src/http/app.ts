/** Every path but those of the endpoints when they are called as they should be. */
import express, { type Express, type RequestHandler } from 'express'
import type { Endpoint, Log, Reading } from '../admission/endpoint.ts'
import { failureHandler, notFound, onlyMethod } from './failure.ts'
import { type ReadinessCheck, serveHealth, serveMetrics, serveReadiness } from './probes.ts'
import type { Traffic } from './traffic.ts'

export interface AppParts {
  readonly endpoints: readonly Endpoint[]
  /** Paths that are only read. */
  readonly readings?: readonly Reading[]
  readonly checks: readonly ReadinessCheck[]
  readonly traffic: Traffic
  readonly log: Log
  /** The page and its JSON, asked for whatever is no endpoint and no probe. */
  readonly pages?: RequestHandler
}

const PROBE_PATHS = ['/healthz', '/readyz', '/metrics'] as const

/** The paths that are counted under their own names. */
export function pathsOf({ endpoints, readings = [] }: Pick<AppParts, 'endpoints' | 'readings'>): ReadonlySet<string> {
  return new Set([...[...endpoints, ...readings].map(({ path }) => path), ...PROBE_PATHS])
}

export function buildApp(parts: AppParts): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  // A path is the one that is configured and no other that looks like it.
  app.enable('case sensitive routing')
  app.enable('strict routing')

  app.get('/healthz', serveHealth)
  app.get('/readyz', serveReadiness(parts.checks))
  app.get('/metrics', serveMetrics(parts.traffic))
  for (const path of PROBE_PATHS) app.all(path, onlyMethod('GET'))
  for (const endpoint of parts.endpoints) app.all(endpoint.path, onlyMethod('POST'))
  for (const reading of parts.readings ?? []) app.all(reading.path, onlyMethod('GET'))
  if (parts.pages !== undefined) app.use(parts.pages)
  app.use(notFound)
  app.use(failureHandler(parts.log))
  return app
}
