/** One call of one endpoint: room, type, body, deadline, answer. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { Call, Clock, Endpoint, Log } from '../admission/endpoint.ts'
import { formatIssue } from '../schema/parsed.ts'
import { collectBytes, mediaTypeProblem, parseBody } from './body.ts'
import { type Deadline, deadlineOf } from './deadline.ts'
import type { InFlight } from './in-flight.ts'
import { sendJson, sendProblem } from './reply.ts'

export interface CallContext {
  readonly clock: Clock
  readonly log: Log
  readonly inFlight: InFlight
}

/** A full replica is full for milliseconds; the API server retries a 503 with Retry-After within its own timeout. */
const RETRY_AFTER_SECONDS = '1'

export function callHandler(endpoint: Endpoint, context: CallContext): RequestHandler {
  return (req, res, next) => {
    if (!context.inFlight.enter(res)) {
      return sendProblem(res, 503, 'too many requests at once: try again', { 'Retry-After': RETRY_AFTER_SECONDS })
    }
    const problem = mediaTypeProblem(req.headers)
    if (problem !== undefined) return sendProblem(res, 415, problem)

    const deadline = deadlineOf(req.url, context.clock.now())
    const timer = setTimeout(() => cut(req, res, deadline), deadline.cutAfterMs)
    res.once('close', () => clearTimeout(timer))

    const call: Call = { deadlineMs: deadline.answerByMs, timeoutMs: deadline.timeoutMs, log: context.log }
    collectBytes(req, res, failure => {
      if (failure === undefined) void answer(endpoint, req, res, call, next)
      else next(failure)
    })
  }
}

async function answer(endpoint: Endpoint, req: Request, res: Response, call: Call, next: NextFunction): Promise<void> {
  try {
    const body = parseBody(req.body)
    if (!body.ok) return sendProblem(res, 400, body.issues.map(formatIssue).join('; '))
    const { status, body: reply } = await endpoint.answer(body.value, call)
    sendJson(res, status, reply)
  } catch (cause) {
    // An endpoint answers bad input itself, so this is a bug of ours: the error handler writes it down.
    next(cause ?? new Error('the endpoint failed without a reason'))
  }
}

/** The answer that still comes is dropped: `sendJson` sees that something was sent. */
function cut(req: IncomingMessage, res: ServerResponse, deadline: Deadline): void {
  const within = `within ${deadline.timeoutMs} ms`
  if (req.complete) sendProblem(res, 504, `no answer ${within}: the deadline of the caller has passed`)
  // What is left of the body would be taken for the next request, so the connection ends here.
  else sendProblem(res, 408, `the body did not arrive ${within}`, { Connection: 'close' })
}
