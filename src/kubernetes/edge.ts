/** Everything that a replica needs of an API server, over lines of their own where one must not wait for another. */
import type { Log } from '../admission/endpoint.ts'
import type { ApiServer, Follow } from '../controller/api-server.ts'
import { apiServer } from './api-server.ts'
import type { Access } from './connect.ts'
import { following } from './follow.ts'
import { openLine } from './line.ts'
import type { Time } from './silence.ts'

export interface EdgeDeps extends Time {
  /** From 0 to below 1. */
  readonly random: () => number
  readonly log: Pick<Log, 'problem' | 'event'>
}

export interface Edge {
  /** Lists, statuses, registrations: whatever can wait its turn. */
  readonly api: ApiServer
  readonly ledger: ApiServer
  readonly lease: ApiServer
  readonly follow: Follow
  /** Cuts what is open; whoever follows must have been stopped. */
  close(): void
}

// Writes of one tree wait for each other anyway, and trees are few.
const LEDGER_CONNECTIONS = 8
const API_CONNECTIONS = 8
/** One for each collection, for as long as it is followed. */
const WATCH_CONNECTIONS = 256

export function openEdge(access: Access, deps: EdgeDeps): Edge {
  const lines = {
    api: openLine(access, { connections: API_CONNECTIONS }),
    ledger: openLine(access, { connections: LEDGER_CONNECTIONS }),
    lease: openLine(access, { connections: 1 }),
    watches: openLine(access, { connections: WATCH_CONNECTIONS }),
  }
  const api = apiServer(lines.api)
  return {
    api,
    ledger: apiServer(lines.ledger),
    lease: apiServer(lines.lease),
    follow: following({ ...deps, api, line: lines.watches }),
    close() {
      for (const line of Object.values(lines)) line.close()
    },
  }
}
