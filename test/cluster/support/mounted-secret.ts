/**
 * A folder as the kubelet mounts a Secret: each version lies in a folder of its own, and all files change at once by the renaming
 * of one symlink, `..data` (AtomicWriter of Kubernetes).
 */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface TlsSecret {
  readonly cert: string
  readonly key: string
  /** The authorities that are believed, one after the other. */
  readonly ca: string
}

export interface MountedSecret {
  /** For `sluice serve`. */
  readonly flags: readonly string[]
  replace(secret: TlsSecret): void
}

const NAMES = { cert: 'tls.crt', key: 'tls.key', ca: 'ca.crt' } as const satisfies Record<keyof TlsSecret, string>
const KINDS = ['cert', 'key', 'ca'] as const

export function mountSecret(folder: string, first: TlsSecret): MountedSecret {
  let versions = 0

  function replace(secret: TlsSecret): void {
    const former = `..${versions}`
    versions += 1
    const next = `..${versions}`
    mkdirSync(join(folder, next))
    for (const kind of KINDS) writeFileSync(join(folder, next, NAMES[kind]), secret[kind], { mode: 0o600 })
    symlinkSync(next, join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    rmSync(join(folder, former), { recursive: true, force: true })
  }

  replace(first)
  for (const kind of KINDS) symlinkSync(join('..data', NAMES[kind]), join(folder, NAMES[kind]))
  return { flags: KINDS.flatMap(kind => [`--tls-${kind}`, join(folder, NAMES[kind])]), replace }
}
