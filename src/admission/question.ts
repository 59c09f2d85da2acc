import { formatIssue, type Issue } from '../schema/parsed.ts'
import type { Answer } from './endpoint.ts'
import { asciiLine, truncate } from './text.ts'

const MAX_MESSAGE = 1_000

/** The answer to a question that cannot be answered, or not now: what is wrong with it, as the transport words its own refusals. */
export function questionRefused(status: 400 | 403 | 404 | 429 | 503, issues: readonly Issue[]): Answer {
  return { status, body: { message: truncate(asciiLine(issues.map(formatIssue).join('; ')), MAX_MESSAGE) } }
}
