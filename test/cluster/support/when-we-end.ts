import { spawn } from 'node:child_process'

export interface Leash {
  letGo(): void
}

/**
 * Runs a line of shell, with `$0`, when the pipe to us closes, which the operating system does even if we are killed. In a session of its
 * own, or the interrupt that ends us would end it first.
 */
export function whenWeEnd(line: string, argument: string): Leash {
  const leash = spawn('/bin/sh', ['-c', `cat >/dev/null; ${line}`, argument], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  leash.stdin?.on('error', () => {})
  leash.unref()
  return { letGo: () => void leash.kill('SIGKILL') }
}
