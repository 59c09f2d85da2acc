/**
 * When the controller of a refused pod tries again: as client-go's ItemExponentialFailureRateLimiter, which doubles 5 ms up to 1,000 s.
 * What it tries within the first second is left out: traces count in seconds.
 */
const FIRST_MS = 1_280
const LONGEST_MS = 1_000_000

/** `attempts`: how often it was refused in a row. */
export function retryAfterMs(attempts: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempts - 1, 10))
}
