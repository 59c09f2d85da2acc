/** How long a caller waits, and how that time is shared out. */

export interface Deadline {
  readonly timeoutMs: number
  /** When the endpoint must have answered, on the server's clock. */
  readonly answerByMs: number
  /** How long after its arrival the transport itself gives up on the request. */
  readonly cutAfterMs: number
}

/** What the API server uses when a webhook configuration names no timeout. */
const DEFAULT_TIMEOUT_MS = 10_000
/** `timeoutSeconds` of a webhook is 1 to 30; a caller who says more is no API server. */
const MAX_TIMEOUT_MS = 30_000
/**
 * The caller's clock started before ours: the connection, the handshake and the way back are in its time, not in ours.
 */
const MAX_MARGIN_MS = 250
const MARGIN_SHARE = 0.1

const MS_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
])
// What Go's time.Duration prints is at most 25 characters: -2562047h47m16.854775808s.
const MAX_DURATION_LENGTH = 32
const WHOLE_SECONDS = /^\?timeout=([1-9][0-9]?)s$/
const DURATION = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/
const DURATION_PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g

/**
 * The deadline of a request that arrived at `nowMs`. The endpoint gets the time less one margin and the transport cuts
 * half a margin later, so that an endpoint that watches its deadline can still say in its own words what it ran out of
 * time for.
 */
export function deadlineOf(url: string, nowMs: number): Deadline {
  const timeoutMs = timeoutOf(url)
  const marginMs = Math.min(MAX_MARGIN_MS, timeoutMs * MARGIN_SHARE)
  return { timeoutMs, answerByMs: nowMs + timeoutMs - marginMs, cutAfterMs: timeoutMs - marginMs / 2 }
}

/**
 * `?timeout=` as the API server adds it (a Go duration). Anything else counts as not said: a review is worth
 * answering.
 */
export function timeoutOf(url: string): number {
  const query = url.indexOf('?')
  if (query === -1) return DEFAULT_TIMEOUT_MS
  // Whole seconds are all that the API server can say; the rest of this is for others.
  const seconds = WHOLE_SECONDS.exec(url.slice(query))?.[1]
  if (seconds !== undefined) return Math.min(Number(seconds) * 1_000, MAX_TIMEOUT_MS)
  const durationMs = parseGoDuration(new URLSearchParams(url.slice(query + 1)).get('timeout') ?? '')
  if (durationMs === undefined || durationMs <= 0) return DEFAULT_TIMEOUT_MS
  return Math.min(Math.max(durationMs, 1), MAX_TIMEOUT_MS)
}

function parseGoDuration(text: string): number | undefined {
  if (text.length > MAX_DURATION_LENGTH || !DURATION.test(text)) return undefined
  let totalMs = 0
  for (const [, amount = '', unit = ''] of text.matchAll(DURATION_PART)) {
    totalMs += Number(amount) * (MS_PER_UNIT.get(unit) ?? Number.NaN)
  }
  return totalMs
}
