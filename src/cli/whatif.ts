import { assembleCluster, type Cluster } from '../admission/cluster.ts'
import { exemptNamespaces } from '../admission/exempt.ts'
import type { PlacedObject } from '../admission/objects.ts'
import { type Asked, isRefusal, isSafe, type QuotaChange, quotaChange } from '../admission/quota-change.ts'
import { whatIfJson } from '../admission/quota-json.ts'
import { reviewJson } from '../admission/review-json.ts'
import type { RunningPods } from '../admission/running-pods.ts'
import { failed, type Issue, type Parsed, parsed, taken } from '../schema/parsed.ts'
import { complain, readLayers } from './cluster.ts'
import { withoutDeleted } from './deletions.ts'
import { problemsOf } from './explain.ts'
import { readRunningPods, remarksJson } from './pods.ts'
import { clusterFor } from './review-files.ts'
import { type ManifestInput, readInputs } from './review-input.ts'
import { EXIT, type ExitCode, type Terminal } from './terminal.ts'
import { whatIfText } from './whatif-text.ts'

export interface WhatIfOptions {
  /** Documents that replace those of the same kind and name, or are added. */
  readonly files: readonly string[]
  /** Documents that are taken away: `TenantQuota/research`. */
  readonly deleted: readonly string[]
  readonly cluster: string
  /** What runs now, as kubectl lists it; nothing without it. */
  readonly pods?: string
  /** Manifests to judge before and after. */
  readonly manifests: readonly string[]
  readonly namespace?: string
  readonly output: 'text' | 'json'
}

/** `sluice whatif`: what a change of quotas would mean, before it is applied. Exits with 1 if somebody would lose by it. */
export async function whatIf(options: WhatIfOptions, terminal: Terminal): Promise<ExitCode> {
  const scene = sceneOf(options)
  if (!scene.ok) {
    complain(scene.issues, terminal)
    return EXIT.badInput
  }
  const { before, after, running, asked } = scene.value
  const exempt = exemptNamespaces([])
  const { namespace } = options
  const change = await quotaChange(before, after, running.charges, asked, {
    exempt,
    ...(namespace === undefined ? {} : { namespace }),
  })
  if (options.output === 'text') terminal.out(whatIfText(change, running, after.noticeSecondsOf, terminal))
  else terminal.out(JSON.stringify(changeJson(change, running), null, 2))
  return isSafe(change) ? EXIT.yes : EXIT.no
}

interface Scene {
  readonly before: Cluster
  readonly after: Cluster
  readonly running: RunningPods
  readonly asked: readonly Asked[]
}

/** Everything that is compared, or every problem with it: those of the new quotas are the answer to whoever wrote them. */
function sceneOf(options: WhatIfOptions): Parsed<Scene> {
  if (options.files.length === 0 && options.deleted.length === 0) {
    return failed({ at: 'whatif', problem: 'nothing is changed', remedy: 'give -f FILE, --delete KIND/NAME, or both' })
  }
  const inputs = readInputs(options.files)
  const manifests = readInputs(options.manifests)
  const issues: Issue[] = [...inputs, ...manifests].flatMap(problemsOf)
  const layers = taken(readLayers(options.cluster), issues)
  const kept = layers === undefined ? undefined : taken(withoutDeleted(layers, options.deleted), issues)
  if (layers === undefined || kept === undefined || issues.length > 0) return failed(...issues)

  const before = taken(assembleCluster(...layers), issues)
  if (before === undefined) return failed(...issues)
  const changed = [...kept, inputs.flatMap(input => input.objects)]
  const after = taken(assembleCluster(...changed), issues)
  const running = taken(readRunningPods(options.pods, before, exemptNamespaces([])), issues)
  if (after === undefined || running === undefined) return failed(...issues)
  const sides = { before: { cluster: before, layers }, after: { cluster: after, layers: changed } }
  const asked = manifests.flatMap(input => taken(askedOf(input, sides, options.namespace), issues) ?? [])
  return issues.length > 0 ? failed(...issues) : parsed({ before, after, running, asked })
}

interface Side {
  readonly cluster: Cluster
  readonly layers: readonly (readonly PlacedObject[])[]
}

/** The objects of one file of manifests, each in both clusters as the file completes them. */
function askedOf(
  { objects }: ManifestInput,
  sides: { readonly before: Side; readonly after: Side },
  namespace: string | undefined,
): Parsed<readonly Asked[]> {
  const within = ({ cluster, layers }: Side) =>
    clusterFor(objects, cluster, { layers, ...(namespace === undefined ? {} : { namespace }) })
  const [before, after] = [within(sides.before), within(sides.after)]
  if (!before.ok) return before
  if (!after.ok) return after
  return parsed(objects.map(object => ({ object, before: before.value, after: after.value })))
}

function changeJson(change: QuotaChange, running: RunningPods) {
  return {
    isSafe: isSafe(change),
    ...whatIfJson(change.quotas),
    warnings: change.warnings.map(({ at, problem, remedy }) => ({ at, problem, remedy: remedy ?? null })),
    pods: change.pods.map(pod => ({
      isNewlyRefused: isRefusal(pod),
      before: reviewJson(pod.before.at, pod.before),
      after: reviewJson(pod.after.at, pod.after),
    })),
    remarks: remarksJson(running),
  }
}
