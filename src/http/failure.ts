/** The last handlers: what no route took, and what a route threw. */
import type { ErrorRequestHandler, RequestHandler } from 'express'
import type { Log } from '../admission/endpoint.ts'
import { MAX_BODY_BYTES } from './body.ts'
import { sendProblem } from './reply.ts'

interface Refusal {
  readonly status: number
  readonly message: string
}

/** What the body reader reports, by its own names. Everything else that is thrown is a bug. */
const REFUSALS: ReadonlyMap<unknown, Refusal> = new Map([
  ['entity.too.large', { status: 413, message: `the body has more than ${MAX_BODY_BYTES} bytes` }],
  ['request.aborted', { status: 400, message: 'the body ended before it was complete' }],
])

export const notFound: RequestHandler = (_req, res) => sendProblem(res, 404, 'nothing is served at this path')

export function onlyMethod(allow: string): RequestHandler {
  return (_req, res) => sendProblem(res, 405, `only ${allow} is served at this path`, { Allow: allow })
}

/** Express knows an error handler by its four parameters. */
export function failureHandler(log: Log): ErrorRequestHandler {
  return (cause: unknown, req, res, _next) => {
    const refusal = refusalOf(cause)
    if (refusal !== undefined) return sendProblem(res, refusal.status, refusal.message)
    log.problem('a request failed by an error of ours', cause, { path: req.path })
    sendProblem(res, 500, 'internal error; the log of this replica has the cause')
  }
}

function refusalOf(cause: unknown): Refusal | undefined {
  if (!(cause instanceof Error)) return undefined
  // The router refuses a path that is no valid URL encoding with a URIError.
  if (cause instanceof URIError) return { status: 400, message: 'the path is not a valid URL' }
  return REFUSALS.get('type' in cause ? cause.type : undefined)
}
