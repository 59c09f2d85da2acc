/** The requests that are being answered right now. */
import type { ServerResponse } from 'node:http'

export interface InFlight {
  readonly size: number
  /** False when there is no room; else the request counts until it leaves. */
  enter(res: ServerResponse): boolean
  leave(res: ServerResponse): void
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
      return true
    },
    leave(res) {
      open.delete(res)
    },
    askToReconnect() {
      for (const res of open) if (!res.headersSent) res.setHeader('Connection', 'close')
    },
  }
}
