/** One JSON object per line on standard output, written by pino. */
import { type DestinationStream, destination, type Level, levels, pino, stdTimeFunctions } from 'pino'
import type { Decision, Log, LogContext } from '../admission/endpoint.ts'
import { describeError } from './error.ts'
import { FIELD_NAMES } from './fields.ts'
import { redact } from './redact.ts'

export type LogLevel = Level | 'silent'
export const LOG_LEVELS: readonly LogLevel[] = [...(Object.values(levels.labels) as Level[]), 'silent']

export interface LogOptions {
  readonly level: LogLevel
  /** Takes one line at a time; standard output when absent. */
  readonly destination?: DestinationStream
}

/**
 * The longest DNS subdomain, hence the longest name of an object. Only callers other than the API server send longer
 * ones.
 */
const MAX_TEXT = 253
/** Lists and maps in a line: more entries than a person reads. */
const MAX_ENTRIES = 16
/** A message of ours is at most 1,000 characters, and an error's text may quote one. */
const MAX_REASON = 2_000
/** Whoever logs it has cut it into lines already, and it can be read only whole. */
const MAX_INPUT = 128_000

export function createLog(options: LogOptions): Log {
  const settings = {
    level: options.level,
    base: null,
    messageKey: 'message',
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  // Not synchronous: while one line is written the next ones gather, and pino writes out the rest at exit.
  const logger = pino(settings, options.destination ?? destination({ dest: 1, sync: false }))
  return {
    decision: decision => logger[levelOf(decision)](bounded(decision), 'decision'),
    event: (message, context) => logger.info(listed(context), redact(message)),
    problem(message, cause, context) {
      const error = cause === undefined ? {} : { error: describeError(cause) }
      logger.error({ ...listed(context), ...error }, redact(message))
    },
  }
}

/** Pods without GPUs are most pods: a line for each would bury the decisions. */
function levelOf(decision: Decision): Level {
  switch (decision.verdict) {
    case 'not-gpu':
    case 'exempt':
      return 'debug'
    case 'allowed':
    case 'denied':
      return 'info'
    case 'error':
      return 'error'
  }
}

/** Field by field: what a caller adds to the record without a type must not reach the log. */
function bounded(decision: Decision): Record<keyof Decision, unknown> {
  return {
    webhook: decision.webhook,
    verdict: decision.verdict,
    uid: cut(decision.uid),
    operation: cut(decision.operation),
    namespace: cut(decision.namespace),
    name: cut(decision.name),
    kind: cut(decision.kind),
    user: cut(decision.user),
    tenant: decision.tenant === undefined ? undefined : cut(decision.tenant),
    tier: decision.tier,
    codes: decision.codes.slice(0, MAX_ENTRIES),
    policies: decision.policies.slice(0, MAX_ENTRIES).map(cut),
    demand: Object.fromEntries(Object.entries(decision.demand).slice(0, MAX_ENTRIES)),
    dryRun: decision.dryRun,
    patchOps: decision.patchOps,
    durationMs: decision.durationMs,
  }
}

function listed(context: LogContext = {}): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const name of FIELD_NAMES) {
    if (!Object.hasOwn(context, name)) continue
    const value: unknown = Reflect.get(context, name)
    kept[name] = typeof value === 'string' ? redact(value).slice(0, name === 'input' ? MAX_INPUT : MAX_REASON) : value
  }
  return kept
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text
}
