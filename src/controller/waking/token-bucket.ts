import type { Clock } from '../../admission/endpoint.ts'

export interface TokenBucket {
  /** As many of those that are wanted as may be had now. */
  take(wanted: number): number
}

/** So many in a second, of which at most a second's worth is saved up. */
export function tokenBucket(perSecond: number, clock: Clock): TokenBucket {
  let atMs = clock.now()
  let tokens = perSecond
  return {
    take(wanted) {
      const nowMs = clock.now()
      tokens = Math.min(perSecond, tokens + (Math.max(0, nowMs - atMs) * perSecond) / 1_000)
      atMs = nowMs
      const taken = Math.min(wanted, Math.floor(tokens))
      tokens -= taken
      return taken
    },
  }
}
