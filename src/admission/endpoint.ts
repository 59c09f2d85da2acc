/** What a webhook is to the transport that calls it, and what the transport lends it for one call. */

/** One webhook path. The transport has read and parsed the body; what it means is the endpoint's own business. */
export interface Endpoint {
  /** As the webhook configuration names it: `/mutate/pods`. */
  readonly path: string
  /** Answers one parsed body. Never throws for bad input: it returns a status and a body. */
  answer(body: unknown, call: Call): Answer | Promise<Answer>
}

/** One path that is only read: what is asked stands in its query. */
export interface Reading {
  readonly path: string
  /** Answers at once, from memory. Never throws for bad input. */
  answer(query: URLSearchParams): Answer
}

/** What belongs to one call and to no other. */
export interface Call {
  /** What follows the question mark of its URL, as it was sent; empty without one. */
  readonly query: string
  /** When the answer must be ready, on the clock the server was given. Its own 504 follows a moment later. */
  readonly deadlineMs: number
  /** What the caller said it waits, in all. */
  readonly timeoutMs: number
  /** The caller has proved that it is a replica of this service. */
  readonly isPeer: boolean
  readonly log: Log
}

/** The body is written as JSON. */
export interface Answer {
  readonly status: number
  readonly body: object
}

/** The present, in milliseconds; tests set it. */
export interface Clock {
  now(): number
}

/** Where decisions, events and problems are told. It never throws and never waits. */
export interface Log {
  /** The one line of one admission. */
  decision(decision: Decision): void
  /** Something worth knowing happened. */
  event(message: string, context?: LogContext): void
  /** Something is wrong. The cause is written with its stack and its own causes. */
  problem(message: string, cause?: unknown, context?: LogContext): void
}

export const WEBHOOKS = ['mutate', 'validate', 'guard', 'advise'] as const
export type Webhook = (typeof WEBHOOKS)[number]

const DECISION_VERDICTS = ['allowed', 'denied', 'not-gpu', 'exempt', 'error'] as const
export type DecisionVerdict = (typeof DECISION_VERDICTS)[number]

/** What was decided and for whom. The log adds the time and cuts what is too long. */
export interface Decision {
  readonly webhook: Webhook
  readonly verdict: DecisionVerdict
  /** `request.uid`; it differs on every call (Kubernetes sends a new one to each webhook). */
  readonly uid: string
  readonly operation: string
  readonly namespace: string
  readonly name: string
  readonly kind: string
  readonly user: string
  readonly tenant?: string
  readonly tier?: string
  readonly codes: readonly string[]
  readonly policies: readonly string[]
  /** Milli-GPUs by accelerator class. */
  readonly demand: Readonly<Record<string, number>>
  readonly dryRun: boolean
  readonly patchOps: number
  readonly durationMs: number
}

/**
 * The names an event or a problem may carry; their meaning is in telemetry/fields.ts, which the compiler keeps in
 * step.
 */
export type ContextField =
  | 'address'
  | 'attempt'
  | 'count'
  | 'durationMs'
  | 'expires'
  | 'file'
  | 'input'
  | 'namespace'
  | 'object'
  | 'part'
  | 'path'
  | 'policy'
  | 'reason'
  | 'resourceVersion'
  | 'signal'
  | 'status'
  | 'tenant'
  | 'tree'
  | 'version'

export type LogContext = { readonly [field in ContextField]?: string | number | boolean }
