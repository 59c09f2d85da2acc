import { join } from 'node:path'
import { ROOT } from '../../support/sluice-process.ts'
import type { ControlPlane } from './control-plane.ts'

export const CRDS = join(ROOT, 'charts', 'sluice', 'crds')

/** The generated CRDs, as Helm would install them; their kinds are served when it is done. */
export async function installCrds({ kubectl }: ControlPlane): Promise<void> {
  for (const args of [
    ['apply', '--server-side', '-f', CRDS],
    ['wait', '--for=condition=Established', '--timeout=60s', '-f', CRDS],
  ]) {
    const { code, stderr } = await kubectl(args)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  }
}
