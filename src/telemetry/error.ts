/**
 * What was thrown, as a log line shows it: kind, message, stack, code and the causes below.
 *
 * Chosen fields, never all own properties of the error: body parsers and HTTP clients hang the request, its headers
 * and its body on it.
 */
import { redact } from './redact.ts'

export interface ErrorDescription {
  readonly type: string
  readonly message: string
  readonly stack?: string
  readonly code?: string
  readonly cause?: ErrorDescription
}

/** Causes may form a circle. */
const MAX_CAUSES = 8
const MAX_TEXT = 4_000

export function describeError(thrown: unknown, depth = 0): ErrorDescription {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: text(describeValue(thrown)) }
  const { cause } = thrown
  return {
    type: thrown.name,
    message: text(thrown.message),
    ...(thrown.stack === undefined ? {} : { stack: text(thrown.stack) }),
    ...('code' in thrown && typeof thrown.code === 'string' ? { code: thrown.code } : {}),
    ...(cause === undefined || depth >= MAX_CAUSES ? {} : { cause: describeError(cause, depth + 1) }),
  }
}

function describeValue(thrown: unknown): string {
  // An object that is no error may hold anything; its text would be "[object Object]" in any case.
  return typeof thrown === 'object' && thrown !== null ? 'an object that is no error was thrown' : String(thrown)
}

function text(value: string): string {
  return redact(value).slice(0, MAX_TEXT)
}
