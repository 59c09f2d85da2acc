/**
 * Leaving without losing a request.
 *
 * Connections to a pod that is going away keep being used and new ones keep arriving until every proxy has learnt of
 * it (kubernetes#127335). So a replica says that it is not ready, goes on answering for a while and asks each caller
 * to reconnect, which takes it elsewhere; only then does it stop listening.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../admission/endpoint.ts'

export interface Drainable {
  readonly inFlight: number
  /** Not ready from now on, and every answer ends its connection. */
  beginDrain(): void
  /** No new connections; done when the last one is closed. */
  stopAccepting(): Promise<void>
  closeAll(): void
}

export interface DrainOptions {
  readonly log: Log
  /** How long to go on serving while endpoints and proxies learn that this replica leaves. */
  readonly serveMs?: number
  /** How long the last requests may take, and then how long `finish` may take. */
  readonly finishMs?: number
  /** What must happen after the last answer: give up a lease, write out the log. */
  readonly finish?: () => Promise<void>
  /** Waits; a test decides when the time is over. */
  readonly wait?: (ms: number) => Promise<unknown>
}

type ShutdownSignal = 'SIGTERM' | 'SIGINT'

/** The part of `process` that a shutdown needs. */
export interface ShutdownProcess {
  on(signal: ShutdownSignal, listener: (signal: ShutdownSignal) => void): unknown
  exit(code: number): void
}

// 10 s for endpoints to spread + 2 × 8 s stays under the 30 s that Kubernetes gives a pod by default.
const SERVE_MS = 10_000
const FINISH_MS = 8_000
// The shell's convention: 128 and the number of the signal.
const EXIT_CODES: Readonly<Record<ShutdownSignal, number>> = { SIGINT: 130, SIGTERM: 143 }

/** The first signal drains and exits; the second exits at once. */
export function installShutdown(process: ShutdownProcess, server: Drainable, options: DrainOptions): void {
  let isLeaving = false
  const leave = (signal: ShutdownSignal): void => {
    if (isLeaving) {
      process.exit(EXIT_CODES[signal])
      return
    }
    isLeaving = true
    options.log.event('shutting down', { signal })
    void drain(server, options).then(exitCode => process.exit(exitCode))
  }
  process.on('SIGTERM', leave)
  process.on('SIGINT', leave)
}

/** Returns the exit code: 0 when every request was answered and everything was finished in time. */
async function drain(server: Drainable, options: DrainOptions): Promise<0 | 1> {
  const wait = options.wait ?? waitInBackground
  server.beginDrain()
  await wait(options.serveMs ?? SERVE_MS)

  const finishMs = options.finishMs ?? FINISH_MS
  const isEmpty = await within(server.stopAccepting(), wait(finishMs))
  if (!isEmpty) options.log.problem('connections were cut at shutdown', undefined, { count: server.inFlight })
  // Connections that were opened and never used end here too, so this alone is no failure.
  const wereAnswered = isEmpty || server.inFlight === 0
  server.closeAll()

  const isFinished = await finished(options, wait(finishMs))
  return wereAnswered && isFinished ? 0 : 1
}

async function finished(options: DrainOptions, timeUp: Promise<unknown>): Promise<boolean> {
  try {
    const isInTime = await within(options.finish?.() ?? Promise.resolve(), timeUp)
    if (!isInTime) options.log.problem('shutdown did not finish in time')
    return isInTime
  } catch (cause) {
    options.log.problem('shutdown did not finish', cause)
    return false
  }
}

function within(work: Promise<void>, timeUp: Promise<unknown>): Promise<boolean> {
  return Promise.race([work.then(() => true), timeUp.then(() => false)])
}

/** Waiting keeps no process alive: when nothing else is left to do, there is nothing to wait for. */
function waitInBackground(ms: number): Promise<unknown> {
  return delay(ms, undefined, { ref: false })
}
