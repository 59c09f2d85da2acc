/**
 * Pods as manifests, such as `kubectl get pods -A -o yaml` prints them, with two annotations that say when each comes and how long it runs.
 * What a pod asks for, of which class and in which tier is read as admission reads it.
 */
import type { Cluster } from '../../admission/cluster.ts'
import { exemptNamespaces } from '../../admission/exempt.ts'
import { fieldAt, type PlacedObject } from '../../admission/objects.ts'
import { podIdentity, presentPod } from '../../admission/present-pod.ts'
import { readPodList } from '../../config/pod-list.ts'
import { failed, type Issue, type Parsed, parsed } from '../../schema/parsed.ts'
import { isObject, TIERS, type Tier } from '../../schema/parts.ts'
import { classNameOf } from '../../simulate/model-class.ts'
import { inOrder, type Size, type Trace, type TraceNode, type TracePod } from '../../simulate/trace/trace.ts'

const CREATED = 'simulation.sluice.dev/created-seconds'
const RUN = 'simulation.sluice.dev/run-seconds'
const TIER_LABEL = 'sluice.dev/tier'
const NAME_A_TIER = `set it to one of ${TIERS.join(', ')}`
const KUBECTL = 'give what kubectl get pods -A -o yaml prints, with the two annotations of a simulation'

export function readPodManifests(
  file: string,
  cluster: Cluster,
  nodes: readonly TraceNode[] | undefined,
): Parsed<Trace> {
  const objects = readPodList(file)
  if (!objects.ok) return failed(...objects.issues.map(issue => remedied(issue, KUBECTL)))
  const issues: Issue[] = []
  const read = objects.value.map(object => podOf(object, cluster, nodes, issues))
  if (issues.length > 0) return failed(...issues)
  const pods = read.filter(pod => pod !== undefined && pod !== 'free')
  const names = new Set(pods.map(({ name }) => name))
  if (names.size === pods.length) return parsed({ pods: inOrder(pods), withoutGpus: read.length - pods.length })
  return failed({ at: file, problem: 'two pods have one name', remedy: 'give each pod its own namespace and name' })
}

function podOf(
  { at, value }: PlacedObject,
  cluster: Cluster,
  nodes: readonly TraceNode[] | undefined,
  issues: Issue[],
): TracePod | 'free' | undefined {
  const present = presentPod(value, cluster, exemptNamespaces([]))
  if (present.kind === 'free') return 'free'
  if (present.issues.length > 0 || present.kind === 'unclear') {
    issues.push(...present.issues.map(issue => remedied({ ...issue, at: `${at}: ${issue.at}` }, remedyAt(issue.at))))
    return undefined
  }
  const { namespace, name } = podIdentity(value)
  const tier = tierOf(value, at, issues)
  const [createdAtMs, runMs] = [secondsOf(value, CREATED, at, issues), secondsOf(value, RUN, at, issues)]
  const part = onlyClass(present.demand.byClass, at, issues)
  if (tier === undefined || createdAtMs === undefined || runMs === undefined || part === undefined) return undefined
  return {
    name: `${namespace}/${name}`,
    namespace,
    at: `${at}: metadata.namespace`,
    tier,
    size: part.size,
    models: modelsOf(part.className, nodes, at, issues),
    createdAtMs,
    runMs,
  }
}

/** Admission says what is wrong, for a pod on its way into a cluster; here it stands in a file that can be changed. */
function remedyAt(field: string): string {
  return field.includes(TIER_LABEL) ? NAME_A_TIER : 'change the manifest, or leave the pod out'
}

function remedied(issue: Issue, remedy: string): Issue {
  return { ...issue, remedy: issue.remedy ?? remedy }
}

function tierOf(value: PlacedObject['value'], at: string, issues: Issue[]): Tier | undefined {
  const label = fieldAt(value, 'metadata', 'labels')
  const named = isObject(label) ? label[TIER_LABEL] : undefined
  const tier = TIERS.find(each => each === named)
  const problem = `${TIER_LABEL} names no tier`
  if (tier === undefined) issues.push({ at: `${at}: metadata.labels`, problem, remedy: NAME_A_TIER })
  return tier
}

function secondsOf(value: PlacedObject['value'], key: string, at: string, issues: Issue[]): number | undefined {
  const annotations = fieldAt(value, 'metadata', 'annotations')
  const text = isObject(annotations) ? String(annotations[key] ?? '') : ''
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000
  const problem = `${key} is not a number of seconds`
  issues.push({ at: `${at}: metadata.annotations`, problem, remedy: 'write it in digits, as a string' })
  return undefined
}

/** The models of its class. None would mean any, to which a pod of a class that no node is of has no right. */
function modelsOf(
  className: string,
  nodes: readonly TraceNode[] | undefined,
  at: string,
  issues: Issue[],
): readonly string[] {
  if (nodes === undefined) return []
  const models = nodes.map(({ model }) => model).filter(model => classNameOf(model) === className)
  const problem = `asks for the class ${className}, and no node is of it`
  if (models.length === 0) issues.push({ at, problem, remedy: 'add a node of that model, or leave the pod out' })
  return [...new Set(models)].toSorted()
}

/** A pod of several classes sits on no single node, and one of slices on no whole GPU. */
function onlyClass(
  byClass: ReadonlyMap<string, bigint>,
  at: string,
  issues: Issue[],
): { readonly className: string; readonly size: Size } | undefined {
  const [first, ...others] = byClass
  if (first !== undefined && others.length === 0) {
    const [className, milli] = [first[0], Number(first[1])]
    if (milli <= 1000) return { className, size: { gpus: 1, milliOfEach: milli } }
    if (milli % 1000 === 0) return { className, size: { gpus: milli / 1000, milliOfEach: 1000 } }
  }
  const problem = 'asks for several classes, or for more than one GPU and a part of another'
  issues.push({ at, problem, remedy: 'simulate pods of whole GPUs, or of a part of a single one' })
  return undefined
}
