import { unregister } from '../controller/registration/unregister.ts'
import { apiServer } from '../kubernetes/api-server.ts'
import { connect } from '../kubernetes/connect.ts'
import { openLine } from '../kubernetes/line.ts'
import { complain } from './cluster.ts'
import { EXIT, type ExitCode, type Terminal } from './terminal.ts'

/** `sluice unregister`: takes the webhooks out of the API server's way. Exits with 0 where they were gone already. */
export async function runUnregister(kubeconfig: string | undefined, terminal: Terminal): Promise<ExitCode> {
  const access = await connect(kubeconfig, { env: process.env, clock: { now: () => performance.now() } })
  if (!access.ok) {
    complain(access.issues, terminal)
    return EXIT.badInput
  }
  const line = openLine(access.value, { connections: 1 })
  try {
    const deleted = await unregister(apiServer(line))
    if (!deleted.ok) {
      complain(deleted.issues, terminal)
      return EXIT.no
    }
    for (const path of deleted.value) terminal.out(`deleted ${path}`)
    if (deleted.value.length === 0) terminal.out('the webhooks are not registered')
    return EXIT.yes
  } catch (cause) {
    complain([{ at: 'API server', problem: messageOf(cause) }], terminal)
    return EXIT.no
  } finally {
    line.close()
  }
}

function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.cause === undefined ? cause.message : `${cause.message}: ${messageOf(cause.cause)}`
}
