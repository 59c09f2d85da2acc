import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { assetOrInstalled } from './binaries.ts'

export interface Printed {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface KubectlOptions {
  readonly stdin?: string
  /** Another than the administrator's. */
  readonly kubeconfig?: string
}

export type Kubectl = (args: readonly string[], options?: KubectlOptions) => Promise<Printed>

/** With a home of its own: what kubectl remembers of another cluster at the same port would mislead it. */
export function kubectlOf(folder: string, administrator: string): Kubectl {
  const program = assetOrInstalled('kubectl')
  return async (args, { stdin = '', kubeconfig = administrator } = {}) => {
    const env = { ...process.env, HOME: folder, KUBECONFIG: kubeconfig, KUBECACHEDIR: join(folder, 'kubectl-cache') }
    const child = spawn(program, args, { env })
    // A command that does not read its input may be gone before it is written.
    child.stdin.on('error', () => {}).end(stdin)
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { code, stdout, stderr }
  }
}
