import assert from 'node:assert/strict'
import { template } from '../../chart/support/helm.ts'
import type { ControlPlane } from './control-plane.ts'

const RIGHTS = ['templates/rbac.yaml', 'templates/podpolicies.yaml'].flatMap(file => ['--show-only', file])

/** Gives the account of Sluice what the chart gives it, and nothing else. Needs helm. */
export async function chartsRights({ kubectl }: ControlPlane): Promise<void> {
  const { exitCode, stdout, stderr } = template('self-generated', ...RIGHTS)
  assert.equal(exitCode, 0, stderr)
  const applied = await kubectl(['apply', '--server-side', '-f', '-'], { stdin: stdout })
  assert.equal(applied.code, 0, applied.stderr)
}
