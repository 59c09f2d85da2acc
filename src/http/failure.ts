/** What no route took, and what was thrown. */
import type { ServerResponse } from 'node:http'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import type { Log } from '../admission/endpoint.ts'
import { sendProblem } from './reply.ts'

export const notFound: RequestHandler = (_req, res) => sendProblem(res, 404, 'nothing is served at this path')

export function onlyMethod(allow: string): RequestHandler {
  return (_req, res) => sendProblem(res, 405, `only ${allow} is served at this path`, { Allow: allow })
}

/** Answers a bug of ours: the caller learns that there is one, the log learns which. */
export function answerFailure(res: ServerResponse, cause: unknown, path: string, log: Log): void {
  log.problem('a request failed by an error of ours', cause ?? 'nothing was thrown', { path })
  sendProblem(res, 500, 'internal error; the log of this replica has the cause')
}

/** Express knows an error handler by its four parameters. */
export function failureHandler(log: Log): ErrorRequestHandler {
  return (cause: unknown, req, res, _next) => {
    // The router throws it for a path that is no valid URL encoding.
    if (cause instanceof URIError) sendProblem(res, 400, 'the path is not a valid URL')
    else answerFailure(res, cause, req.path, log)
  }
}
