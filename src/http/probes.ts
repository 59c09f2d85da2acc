/** What kubelets and Prometheus ask: alive, ready, numbers. */
import type { RequestHandler } from 'express'
import { sendJson } from './reply.ts'
import type { Traffic } from './traffic.ts'

/** One reason not to send traffic here. */
export interface ReadinessCheck {
  readonly name: string
  /** What is wrong, or undefined. Cheap: it is asked every few seconds and must not wait. */
  problem(): string | undefined
}

interface CheckResult {
  readonly name: string
  readonly ok: boolean
  readonly problem?: string
}

export const serveHealth: RequestHandler = (_req, res) => sendJson(res, 200, { status: 'alive' })

export function serveReadiness(checks: readonly ReadinessCheck[]): RequestHandler {
  return (_req, res) => {
    const results = checks.map(run)
    const isReady = results.every(result => result.ok)
    sendJson(res, isReady ? 200 : 503, { status: isReady ? 'ready' : 'not ready', checks: results })
  }
}

export function serveMetrics(traffic: Traffic): RequestHandler {
  return async (_req, res) => {
    const text = await traffic.exposition()
    res.writeHead(200, { 'Content-Type': traffic.contentType }).end(text)
  }
}

/** A check that breaks says nothing about the thing it checks, so it counts as a problem. */
function run(check: ReadinessCheck): CheckResult {
  try {
    const problem = check.problem()
    return problem === undefined ? { name: check.name, ok: true } : { name: check.name, ok: false, problem }
  } catch {
    return { name: check.name, ok: false, problem: 'the check itself failed' }
  }
}
