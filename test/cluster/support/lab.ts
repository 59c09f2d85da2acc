/** A cluster with two tenants and Sluice in it: what most tests of pods begin with. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fieldAt } from '../../../src/admission/objects.ts'
import type { JsonObject } from '../../../src/schema/parts.ts'
import { ROOT } from '../../support/sluice-process.ts'
import { QUOTAS } from '../../support/webhook-service.ts'
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts'
import { installCrds } from './crds.ts'
import { eventually } from './eventually.ts'
import { heldIn, ledgerIn } from './ledger.ts'
import { podFor } from './pods.ts'
import { type Sluice, type SluiceOptions, startSluice } from './sluice.ts'

export interface LabOptions extends ControlPlaneOptions, SluiceOptions {
  /** Instead of 16 H100 for team-a and team-b. */
  readonly quotas?: string
}

export interface Lab {
  readonly cluster: ControlPlane
  readonly sluice: Sluice
  /** Milli-GPUs by `tenant/tier class`, as the ledger of a tree holds them. */
  held(tree?: string): Promise<Readonly<Record<string, number>>>
}

/** The root of the shared example quotas. */
export const TREE = 'lab'
export const TEAM_A = 'team-a'
export const TEAM_B = 'team-b'

/** Ends with the test. Resolves when a GPU pod of team-a is known to pass the webhooks. */
export async function startLab(t: TestContext, options: LabOptions = {}): Promise<Lab> {
  const cluster = await startControlPlane(options)
  let sluice: Sluice | undefined
  t.after(async () => {
    await sluice?.stop()
    await cluster.stop()
  })
  await installCrds(cluster)
  await furnish(cluster, options)
  sluice = await startSluice(cluster, options)
  await eventually('the API server calls the webhooks', () => isMutated(cluster))
  return { cluster, sluice, held: async (tree = TREE) => heldIn(await ledgerIn(cluster, tree)) }
}

async function furnish({ kubectl, api }: ControlPlane, { quotas = QUOTAS, controllers }: LabOptions): Promise<void> {
  const priorityClasses = readFileSync(join(ROOT, 'policies', 'priority-classes.yaml'), 'utf8')
  const stdin = `${quotas}\n---\n${priorityClasses}`
  const { code, stderr } = await kubectl(['apply', '--server-side', '-f', '-'], { stdin })
  if (code !== 0) throw new Error(stderr)
  for (const name of [TEAM_A, TEAM_B]) {
    await api.must('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    if (controllers !== true) continue
    // No pod is admitted to a namespace before its account is there.
    await eventually(`${name} has an account`, async () => {
      const { status } = await api.call('GET', `/api/v1/namespaces/${name}/serviceaccounts/default`)
      return status === 200 ? true : undefined
    })
  }
}

async function isMutated({ api }: ControlPlane): Promise<true | undefined> {
  const { body } = await api.call('POST', `/api/v1/namespaces/${TEAM_A}/pods?dryRun=All`, podFor(1))
  return tierOf(body) === undefined ? undefined : true
}

export function tierOf(pod: JsonObject): unknown {
  return fieldAt(pod, 'metadata', 'labels', 'sluice.dev/tier')
}
