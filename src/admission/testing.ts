/** What the tests of this folder share: a small cluster from documents, its desk, and reviews of pods. */
import { requestOf } from '../policy/testing.ts'
import { memoryStore } from '../quota/memory-store.ts'
import { manualClock } from '../quota/testing.ts'
import { ledgerWriter } from '../quota/writer.ts'
import type { Issue } from '../schema/parsed.ts'
import type { JsonObject } from '../schema/parts.ts'
import { type Pod, parsePod } from '../schema/pod.ts'
import { parsedValue, written } from '../schema/testing.ts'
import { assembleCluster, type Cluster } from './cluster.ts'
import { quotaDesk } from './desk.ts'
import type { PlacedObject } from './objects.ts'

/** Two classes of NVIDIA GPUs, of which the first is the default, and a fraction. */
export const CLASSES: readonly JsonObject[] = [
  written('AcceleratorClass', 'h100', {
    vendor: 'nvidia',
    default: true,
    resources: [{ name: 'nvidia.com/gpu', milliGpus: 1000 }],
    mig: { slices: 7, profiles: ['1g.10gb'] },
    instanceTypes: ['p5.48xlarge'],
    taints: [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }],
    deviceClasses: [{ name: 'gpu.nvidia.com', milliGpus: 1000 }],
  }),
  written('AcceleratorClass', 'a100', {
    vendor: 'nvidia',
    resources: [{ name: 'nvidia.com/gpu', milliGpus: 1000 }],
    instanceTypes: ['p4d.24xlarge'],
  }),
]

/** Tenant `a` has eight H100 of its own and may use the pool of four and whatever is idle; tenant `b` has four. */
export const QUOTAS: readonly JsonObject[] = [
  written('Cohort', 'research', {
    classes: [{ class: 'h100', capacity: { gpus: 20 }, instanceTypes: ['ml.p5.48xlarge'], shared: 4, burst: 4 }],
    reclaim: { noticeSeconds: 90 },
  }),
  written('TenantQuota', 'a', {
    cohort: 'research',
    namespaces: ['team-a'],
    classes: [{ class: 'h100', reserved: 8, shared: {}, burst: {} }],
  }),
  written('TenantQuota', 'b', {
    cohort: 'research',
    namespaces: ['team-b'],
    classes: [{ class: 'h100', reserved: 4 }],
  }),
]

export function placed(values: readonly JsonObject[], file = 'test.yaml'): readonly PlacedObject[] {
  return values.map((value, index) => ({ at: `${file}:${index + 1}`, value }))
}

/** The cluster of the tests, with these objects besides; one of the same kind and name takes the place of ours. */
export function clusterWith(...objects: readonly JsonObject[]): Cluster {
  return parsedValue(assembleCluster(placed([...CLASSES, ...QUOTAS]), placed(objects)))
}

/** What is wrong with a cluster of exactly these objects. */
export function clusterIssues(...objects: readonly JsonObject[]): readonly Issue[] {
  const cluster = assembleCluster(placed(objects))
  return cluster.ok ? [] : cluster.issues
}

/** A writer of empty ledgers, on a clock that stands still. */
export async function writerOf(cluster: Cluster) {
  const clock = manualClock()
  const quotas = () => cluster.quotas
  const timer = { at: clock.at }
  const writer = ledgerWriter({
    id: 'test',
    store: memoryStore(),
    quotas,
    clock,
    timer,
    pendingMs: 1_000,
    gangHoldMs: 1_000,
    maxCharges: 1_000,
    retryAfterMs: 1_500,
  })
  for (const tree of cluster.quotas.trees.keys()) await writer.refresh(tree)
  return { writer, clock }
}

/** A desk over empty ledgers. */
export async function deskOf(cluster: Cluster) {
  const { writer, clock } = await writerOf(cluster)
  return quotaDesk(writer, () => cluster.quotas, clock)
}

/** A pod as a webhook gets it: the request, and the pod read from it. */
export function reviewed(json: JsonObject, namespace = 'team-a') {
  const object = { metadata: {}, ...json }
  const pod: Pod = parsedValue(parsePod(object))
  return { request: requestOf(object, namespace), pod }
}
