/** A replica's connections to the API server. */
import type { Log } from '../../admission/endpoint.ts'
import type { ApiServer, Follow } from '../../controller/api-server.ts'
import { apiServer } from '../../kubernetes/api-server.ts'
import { connect } from '../../kubernetes/connect.ts'
import { following } from '../../kubernetes/follow.ts'
import { type Line, openLine } from '../../kubernetes/line.ts'
import { type Parsed, parsed } from '../../schema/parsed.ts'
import { STEADY_CLOCK, timerOn } from '../time.ts'

export interface Api {
  /** For everything that nobody waits for. */
  readonly general: ApiServer
  readonly ledger: ApiServer
  readonly lease: ApiServer
  readonly follow: Follow
  close(): void
}

// One write of a tree is under way at a time, and a read beside it where somebody asks.
const LEDGER_CONNECTIONS = 16
const GENERAL_CONNECTIONS = 8
/** One for each collection that is followed; some thirty kinds tell of gangs. */
const WATCH_CONNECTIONS = 64

export async function openApi(kubeconfig: string | undefined, log: Log): Promise<Parsed<Api>> {
  const clock = STEADY_CLOCK
  const access = await connect(kubeconfig, { env: process.env, clock })
  if (!access.ok) return access
  const lines: Line[] = []
  const line = (connections: number): Line => {
    const opened = openLine(access.value, { connections })
    lines.push(opened)
    return opened
  }
  const general = apiServer(line(GENERAL_CONNECTIONS))
  return parsed({
    general,
    ledger: apiServer(line(LEDGER_CONNECTIONS)),
    lease: apiServer(line(1)),
    follow: following({
      api: general,
      line: line(WATCH_CONNECTIONS),
      random: Math.random,
      log,
      clock,
      timer: timerOn(clock),
    }),
    close() {
      for (const one of lines) one.close()
    },
  })
}
