/** A cluster with two tenants and Sluice in it: what most tests of pods begin with. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { JsonObject } from '../../../src/schema/parts.ts'
import { ROOT } from '../../support/sluice-process.ts'
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts'
import { heldByPods, tierOf } from './counted.ts'
import { installCrds } from './crds.ts'
import { eventually } from './eventually.ts'
import { heldIn, ledgerIn } from './ledger.ts'
import { podFor } from './pods.ts'
import { TWO_TENANTS } from './quotas.ts'
import { type Sluice, type SluiceOptions, startSluice } from './sluice.ts'

export interface LabOptions extends ControlPlaneOptions, SluiceOptions {
  /** Instead of 16 H100 for team-a and team-b. */
  readonly quotas?: string
}

export interface Lab {
  readonly cluster: ControlPlane
  readonly sluice: Sluice
  /** Milli-GPUs by `tenant/tier class`, as the ledger holds them. */
  held(): Promise<Readonly<Record<string, number>>>
  /** The same, counted from the pods that are there. */
  heldByPods(): Promise<Readonly<Record<string, number>>>
  /** Creates a pod and returns it. */
  create(namespace: string, pod: JsonObject): Promise<JsonObject>
}

/**
 * What was charged for a pod that never came lapses within a minute or two rather than many. A charge must outlive every request
 * that may still create its pod, so both are short.
 */
export const SOON_LAPSING = {
  apiServerFlags: ['--request-timeout=10s'],
  flags: ['--charge-seconds', '15'],
} satisfies LabOptions
/** The leader learns how far it has seen from bookmarks, which come about once a minute. */
export const LAPSE_PATIENCE_MS = 240_000

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
  return {
    cluster,
    sluice,
    held: async () => sorted(heldIn(await ledgerIn(cluster, TREE))),
    heldByPods: () => heldByPods(cluster, [TEAM_A, TEAM_B]),
    create: (namespace, pod) => cluster.api.must('POST', `/api/v1/namespaces/${namespace}/pods`, pod),
  }
}

/** So that two of them compare whatever the order in which they were counted. */
function sorted(held: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(held).sort())
}

async function furnish(
  { kubectl, api }: ControlPlane,
  { quotas = TWO_TENANTS, controllers }: LabOptions,
): Promise<void> {
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
