/** One call of one endpoint: room, type, body, deadline, answer. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Call, Clock, Endpoint, Log, Reading } from '../admission/endpoint.ts'
import { formatIssue } from '../schema/parsed.ts'
import { collectBytes, MAX_BODY_BYTES, mediaTypeProblem, parseBody } from './body.ts'
import { type Deadline, deadlineOf } from './deadline.ts'
import { answerFailure } from './failure.ts'
import type { InFlight } from './in-flight.ts'
import { isPeer } from './peer.ts'
import { sendJson, sendProblem } from './reply.ts'

export interface CallContext {
  /** The name that a replica's certificate is made out to; without one nobody is a peer. */
  readonly peerName?: string | undefined
  readonly clock: Clock
  readonly log: Log
  readonly inFlight: InFlight
}

export type CallHandler = (req: IncomingMessage, res: ServerResponse) => void

/** A full replica is full for milliseconds; the API server retries a 503 with Retry-After within its own timeout. */
const RETRY_AFTER_SECONDS = '1'
const BUSY = 'too many requests at once: try again'

export function callHandler(endpoint: Endpoint, { clock, log, inFlight, peerName }: CallContext): CallHandler {
  return (req, res) => {
    if (!inFlight.enter(res)) {
      sendProblem(res, 503, BUSY, { 'Retry-After': RETRY_AFTER_SECONDS })
      return
    }
    const deadline = deadlineOf(req.url ?? '', clock.now())
    const timer = setTimeout(cut, deadline.cutAfterMs, req, res, deadline)
    // 'close' comes after a full answer and after an abort alike, once.
    res.once('close', () => {
      clearTimeout(timer)
      inFlight.leave(res)
    })
    const problem = mediaTypeProblem(req.headers)
    if (problem !== undefined) {
      sendProblem(res, 415, problem)
      return
    }
    const query = queryOf(req.url ?? '')
    const call: Call = {
      query,
      deadlineMs: deadline.answerByMs,
      timeoutMs: deadline.timeoutMs,
      isPeer: peerName !== undefined && isPeer(req.socket, peerName),
      log,
    }
    collectBytes(req, bytes => {
      if (bytes === 'too large') sendProblem(res, 413, `the body has more than ${MAX_BODY_BYTES} bytes`)
      else answer(endpoint, bytes, call, res)
    })
  }
}

/** The same for a path that is only read. A body, which nobody should send, is not looked at. */
export function readHandler(reading: Reading, { log, inFlight }: CallContext): CallHandler {
  return (req, res) => {
    if (!inFlight.enter(res)) {
      sendProblem(res, 503, BUSY, { 'Retry-After': RETRY_AFTER_SECONDS })
      return
    }
    res.once('close', () => inFlight.leave(res))
    try {
      const { status, body } = reading.answer(new URLSearchParams(queryOf(req.url ?? '')))
      sendJson(res, status, body)
    } catch (cause) {
      answerFailure(res, cause, reading.path, log)
    }
  }
}

function queryOf(url: string): string {
  const mark = url.indexOf('?')
  return mark === -1 ? '' : url.slice(mark + 1)
}

function answer(endpoint: Endpoint, bytes: Buffer, call: Call, res: ServerResponse): void {
  // An endpoint answers bad input itself, so what it throws is a bug of ours.
  const failed = (cause: unknown): void => answerFailure(res, cause, endpoint.path, call.log)
  try {
    const body = parseBody(bytes)
    if (!body.ok) {
      sendProblem(res, 400, body.issues.map(formatIssue).join('; '))
      return
    }
    const reply = endpoint.answer(body.value, call)
    // What is known at once is sent at once: to wait for it would mean to parse every body that came in with this one
    // first, and to hold them all.
    if (!(reply instanceof Promise)) sendJson(res, reply.status, reply.body)
    else reply.then(late => sendJson(res, late.status, late.body)).catch(failed)
  } catch (cause) {
    failed(cause)
  }
}

/** The answer that still comes is dropped: `sendJson` sees that something was sent. */
function cut(req: IncomingMessage, res: ServerResponse, deadline: Deadline): void {
  const within = `within ${deadline.timeoutMs} ms`
  if (req.complete) sendProblem(res, 504, `no answer ${within}: the deadline of the caller has passed`)
  // What is left of the body would be taken for the next request, so the connection ends here.
  else sendProblem(res, 408, `the body did not arrive ${within}`, { Connection: 'close' })
}
