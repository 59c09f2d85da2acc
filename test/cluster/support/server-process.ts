/** A server in another process, which ends with this one however this one ends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { eventually } from './eventually.ts'
import { whenWeEnd } from './when-we-end.ts'

export interface ServerProgram {
  readonly name: string
  readonly path: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly logFile: string
  readonly isReady: () => Promise<boolean>
  /** After this it is ended for good. */
  readonly graceMs?: number
}

export interface ServerProcess {
  readonly pid: number
  isRunning(): boolean
  signal(signal: NodeJS.Signals): void
  /** Asks it to end, and waits until it has. */
  stop(signal?: NodeJS.Signals): Promise<void>
  log(): string
}

const GRACE_MS = 20_000

/** Resolves when it is ready; rejects with the end of its log when it ends before, or never is. */
export async function startServer(program: ServerProgram): Promise<ServerProcess> {
  const server = await launch(program)
  const log = () => tailOf(program.logFile)
  try {
    await eventually(
      `${program.name} is ready`,
      async () => {
        if (!server.isRunning()) throw new Error(`${program.name} ended before it was ready:\n${log()}`)
        return (await program.isReady()) ? true : undefined
      },
      { seen: log },
    )
    return server
  } catch (cause) {
    await server.stop('SIGKILL')
    throw cause
  }
}

async function launch(program: ServerProgram): Promise<ServerProcess> {
  const { name, path, args, env, logFile, graceMs = GRACE_MS } = program
  // A file and no pipe: nobody has to read it, and a paused test process does not hold up the server.
  const output = openSync(logFile, 'a')
  const child = spawn(path, args, { stdio: ['ignore', output, output], env: { ...process.env, ...env } })
  closeSync(output)
  await once(child, 'spawn').catch(cause => {
    throw new Error(`${name} could not be started: ${path}`, { cause })
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${name} has no process id`)
  const leash = whenWeEnd('kill -KILL "$0"', String(pid))
  // Let go before it could meet another process of the same id.
  const ended = once(child, 'exit').then(() => leash.letGo())
  const isRunning = () => child.exitCode === null && child.signalCode === null
  return {
    pid,
    isRunning,
    signal: signal => void child.kill(signal),
    async stop(signal = 'SIGTERM') {
      if (!isRunning()) return
      child.kill(signal)
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await ended
      clearTimeout(timer)
    },
    log: () => readFileSync(logFile, 'utf8'),
  }
}

const TAIL_LINES = 30

function tailOf(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
}
