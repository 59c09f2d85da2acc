/** What the rebalancer is shown of a replay: the same that it is shown of a cluster. */
import { amount } from '../quantity/amount.ts'
import type { HeldPod, NodeShape, RefusedDemand, Snapshot } from '../rebalance/snapshot.ts'
import { amountsOf, type HeldJob, type Job } from './job.ts'
import type { World } from './world.ts'

/** So long a refusal is remembered: what has not been asked for since is nobody's need. */
const REFUSED_FOR_MS = 10 * 60_000

export const HOUR_MS = 3_600_000

/** `evictions`: pods that tenants lost for fairness. */
export function snapshotOf(world: World, tree: string, evictions: readonly Eviction[], nowMs: number): Snapshot {
  const { desk, held, refused, scene } = world
  const isOfTree = ({ pod }: Job) => desk.treeOf(pod.tenant) === tree
  const recent = evictions.filter(({ atMs }) => atMs > nowMs - HOUR_MS)
  return {
    nowMs,
    book: desk.book(tree, nowMs),
    pods: [...held.values()].filter(isOfTree).map(podOf),
    refused: [...refused.all()].filter(isOfTree).flatMap(job => demandOf(job, nowMs) ?? []),
    nodes: scene.nodes.map(node => shapeOf(node, scene.classOf)),
    disruptionsAllowed: new Map(),
    terms: scene.terms,
    evictedLastHour: new Map(
      Map.groupBy(recent, ({ tenant }) => tenant)
        .entries()
        .map(([tenant, all]) => [tenant, all.length]),
    ),
  }
}

export interface Eviction {
  readonly tenant: string
  readonly atMs: number
}

function podOf(job: HeldJob): HeldPod {
  const { pod, stage } = job
  return {
    uid: stage.uid,
    namespace: pod.namespace,
    name: pod.name,
    tenant: pod.tenant,
    tier: stage.tier,
    amounts: amountsOf(job, stage.class),
    gang: null,
    // Traces say nothing of priorities, saved work, or how busy the GPUs are.
    priority: 0,
    savedAtMs: null,
    utilisation: null,
    budgets: [],
    node: stage.run?.seat.node ?? null,
    createdAtMs: stage.admittedAtMs,
    startedAtMs: stage.run?.startedAtMs ?? null,
    notice: stage.notice,
    isTierNamed: true,
    isLeaving: stage.isLeaving,
  }
}

function demandOf(job: Job, nowMs: number): RefusedDemand | undefined {
  const { pod, stage } = job
  if (stage.kind !== 'refused' || job.class === null || stage.lastMs <= nowMs - REFUSED_FOR_MS) return undefined
  return {
    tenant: pod.tenant,
    tier: pod.tier,
    demand: amountsOf(job, job.class),
    gang: undefined,
    owner: job.owner,
    name: `Job ${pod.namespace}/${pod.name}`,
    sinceMs: stage.sinceMs,
    lastMs: stage.lastMs,
  }
}

function shapeOf(
  { name, model, gpus }: World['scene']['nodes'][number],
  classOf: ReadonlyMap<string, string>,
): NodeShape {
  return { name, amounts: new Map([[classOf.get(model) ?? model, amount(gpus * 1000)]]) }
}
