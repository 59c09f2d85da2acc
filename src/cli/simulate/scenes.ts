/** From files to scenes: the trace, the nodes, and a cluster for each run that is compared. */
import { assembleCluster, type Cluster } from '../../admission/cluster.ts'
import type { PlacedObject } from '../../admission/objects.ts'
import type { ReclaimTerms } from '../../rebalance/snapshot.ts'
import { failed, type Issue, type Parsed, parsed, taken } from '../../schema/parsed.ts'
import { builtCluster } from '../../simulate/built-cluster.ts'
import { fixedParts } from '../../simulate/fixed-parts.ts'
import { classesOf } from '../../simulate/model-class.ts'
import { owned } from '../../simulate/tenancy.ts'
import { readNodes } from '../../simulate/trace/nodes-csv.ts'
import { compressed, shareOf, type Trace, type TraceNode } from '../../simulate/trace/trace.ts'
import { VARIANTS, type Variant } from '../../simulate/variants.ts'
import type { Rebalancer, Scene } from '../../simulate/world.ts'
import { readLayers } from '../cluster.ts'
import { uncounted } from './counted-nodes.ts'
import { type Scale, type SimulateOptions, scaleOf } from './options.ts'
import { readTrace, strayRemedy } from './read-trace.ts'
import { textOf } from './text-file.ts'

interface NamedScene {
  readonly name: string
  readonly scene: Scene
}

export interface Scenes {
  readonly trace: Trace
  readonly scale: Scale
  /** Whether the cluster was made for the trace. */
  readonly isBuilt: boolean
  readonly runs: readonly NamedScene[]
}

export function scenesOf(options: SimulateOptions, rebalancer: Rebalancer | null): Parsed<Scenes> {
  const issues: Issue[] = []
  const scale = taken(scaleOf(options), issues)
  const allNodes = taken(textOf(options.nodes, readNodes), issues)
  const wholeTrace = taken(readTrace(options.pods, options.cluster, allNodes), issues)
  if (scale === undefined || wholeTrace === undefined || allNodes === undefined) return failed(...unique(issues))

  const trace = compressed(wholeTrace, scale.compress)
  const nodes = shareOf(allNodes, scale.nodeShare)
  const runs = plannedRuns(options).flatMap(({ name, variant, folder }) => {
    const cluster = taken(clusterFor(folder, variant, trace, nodes), issues)
    const scene =
      cluster === undefined
        ? undefined
        : taken(sceneOf(cluster, trace, nodes, strayRemedy(options.pods, folder)), issues)
    return scene === undefined
      ? []
      : [{ name, scene: { ...scene, rebalancer: variant === 'sluice' ? rebalancer : null } }]
  })
  return issues.length > 0
    ? failed(...unique(issues))
    : parsed({ trace, scale, isBuilt: options.cluster === undefined, runs })
}

interface PlannedRun {
  readonly name: string
  readonly variant: Variant
  /** Undefined: a cluster is built for the trace. */
  readonly folder: string | undefined
}

function plannedRuns({ cluster, compare }: SimulateOptions): readonly PlannedRun[] {
  if (compare === true) return VARIANTS.map(variant => ({ name: variant, variant, folder: cluster }))
  const first: PlannedRun = { name: cluster ?? 'sluice', variant: 'sluice', folder: cluster }
  return compare === undefined ? [first] : [first, { name: compare, variant: 'sluice', folder: compare }]
}

function clusterFor(
  folder: string | undefined,
  variant: Variant,
  { pods }: Trace,
  nodes: readonly TraceNode[],
): Parsed<Cluster> {
  const layers: Parsed<readonly (readonly PlacedObject[])[]> =
    folder === undefined ? parsed([builtCluster(nodes, pods)]) : readLayers(folder)
  if (!layers.ok) return layers
  const cluster = assembleCluster(...layers.value)
  // What was built has all nodes there are: half of a model that has a single one is none, as it should be.
  const missing = cluster.ok && folder !== undefined ? uncounted(layers.value) : []
  if (missing.length > 0) return failed(...missing)
  if (!cluster.ok || variant !== 'no-borrowing') return cluster
  return assembleCluster(...layers.value, fixedParts(cluster.value, layers.value))
}

function sceneOf(
  cluster: Cluster,
  { pods }: Trace,
  nodes: readonly TraceNode[],
  remedy: string,
): Parsed<Omit<Scene, 'rebalancer'>> {
  const issues: Issue[] = []
  const classOf = taken(classesOf(nodes, cluster.classes), issues)
  const ownedPods = taken(owned(pods, cluster.quotas, remedy), issues)
  if (classOf === undefined || ownedPods === undefined) return failed(...issues)
  return parsed({ quotas: cluster.quotas, terms: carriedOut(cluster.reclaimTerms), pods: ownedPods, nodes, classOf })
}

/** What would only be shown in a cluster is carried out here: a simulation is where it is shown. */
function carriedOut(terms: Cluster['reclaimTerms']): Cluster['reclaimTerms'] {
  const on = (one: ReclaimTerms): ReclaimTerms => (one.mode === 'DryRun' ? { ...one, mode: 'On' } : one)
  return new Map([...terms].map(([cohort, one]) => [cohort, on(one)]))
}

/** What is wrong with a cluster is wrong with each of its variants. */
function unique(issues: readonly Issue[]): readonly Issue[] {
  return [...new Map(issues.map(issue => [`${issue.at} ${issue.problem}`, issue])).values()]
}
