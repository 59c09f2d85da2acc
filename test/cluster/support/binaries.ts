/** Where the programs of a cluster are, by the convention of the field: in the folder that KUBEBUILDER_ASSETS names. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const ASSETS = process.env.KUBEBUILDER_ASSETS

/** The reason for `node:test` to skip what needs a cluster, or `false` where there can be one. */
export const skipWithoutCluster: string | false =
  ASSETS === undefined || ASSETS === ''
    ? 'KUBEBUILDER_ASSETS names no folder with kube-apiserver, kubectl and etcd'
    : false

/** Only there: another version that happens to be installed is not the one that was asked for. */
export function assetOf(name: string): string {
  const path = join(ASSETS ?? '', name)
  if (isExecutable(path)) return path
  throw new Error(`${path} is no program: put ${name} of the wanted Kubernetes version into KUBEBUILDER_ASSETS`)
}

/** There, or else the one that is installed: any version of it does. */
export function assetOrInstalled(name: string): string {
  const folders = [ASSETS ?? '', ...(process.env.PATH ?? '').split(delimiter)]
  const found = folders.map(folder => join(folder, name)).find(isExecutable)
  if (found !== undefined) return found
  throw new Error(`${name} is neither in KUBEBUILDER_ASSETS (${ASSETS ?? ''}) nor on PATH`)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
