import { installShutdown } from '../http/drain.ts'
import { createLog } from '../telemetry/log.ts'
import { complain } from './cluster.ts'
import { startReplica } from './replica/replica.ts'
import type { ReplicaSettings } from './replica/settings.ts'
import { EXIT, type ExitCode, type Terminal } from './terminal.ts'

/** `sluice serve`: one replica in a cluster. Runs until it is told to stop. */
export async function serveInCluster(settings: ReplicaSettings, terminal: Terminal): Promise<ExitCode | undefined> {
  const log = createLog({ level: settings.logLevel })
  const started = await startReplica(settings, log)
  if (!started.ok) {
    complain(started.issues, terminal)
    return EXIT.badInput
  }
  const { server, port, finish } = started.value
  const { drainMs } = settings
  installShutdown(process, server, { log, finish, ...(drainMs === undefined ? {} : { serveMs: drainMs }) })
  log.event('serving', { address: `https://${settings.host}:${port}` })
  return undefined
}
