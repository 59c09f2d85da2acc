/** The requests that are being answered right now. */
import type { ServerResponse } from 'node:http'

export interface InFlight {
  readonly size: number
  /** Counts the request until its connection is done with it; false when there is no room. */
  enter(res: ServerResponse): boolean
  /** Tells every caller that is still waiting to open a new connection next time. */
  askToReconnect(): void
}

export function trackInFlight(limit: number): InFlight {
  const open = new Set<ServerResponse>()
  return {
    get size() {
      return open.size
    },
    enter(res) {
      if (open.size >= limit) return false
      open.add(res)
      // 'close' comes after a full answer and after an abort alike, once.
      res.once('close', () => open.delete(res))
      return true
    },
    askToReconnect() {
      for (const res of open) if (!res.headersSent) res.setHeader('Connection', 'close')
    },
  }
}
