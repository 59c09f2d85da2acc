/**
 * A cluster for a trace that has none: documents as a platform team would write them, for the nodes and the tiers of the trace.
 *
 * One root cohort with two below it, each with every other node of a model, and two tenants in each. Of every class a twentieth is the
 * burst pool; the shared pool has the part of all GPU time that the trace asks for in its tier; the rest is reserved, the same for each
 * tenant. What is idle may be lent without limit. Pods name their tiers, and best effort is not promoted: it would fill reservations,
 * from which nothing is taken back.
 */
import type { PlacedObject } from '../admission/objects.ts'
import type { JsonObject } from '../schema/parts.ts'
import { classNameOf } from './model-class.ts'
import { millis, type TraceNode, type TracePod } from './trace/trace.ts'

const ROOT = 'cluster'
const COHORTS = ['east', 'west']
const TENANTS_OF_EACH = 2
/** Best effort is promised little, and lives on what others leave idle. */
const BURST_PER_MILLE = 50
/** Nodes say by these labels what a cohort's capacity is counted from. */
const COHORT_LABEL = 'simulation.sluice.dev/cohort'
const MODEL_LABEL = 'simulation.sluice.dev/model'

export function builtCluster(nodes: readonly TraceNode[], pods: readonly TracePod[]): readonly PlacedObject[] {
  const models = [...new Set(nodes.map(({ model }) => model))].toSorted()
  const shared = sharedPart(pods)
  const capacity = capacityByCohort(nodes)
  const values = [
    ...models.map(classDocument),
    ...placed(nodes).map(({ node, cohort }) => nodeObject(node, cohort)),
    document('Cohort', ROOT, { classes: [] }),
    ...COHORTS.map(name => cohortDocument(name, models, shared, capacity)),
    ...COHORTS.flatMap(name => tenantDocuments(name, models, shared, capacity)),
  ]
  return values.map(value => ({ at: '(built from the trace)', value }))
}

/**
 * The part of all GPU time that is asked for as shared, in thousandths. Of the time in which pods come: what runs on when nobody comes
 * any more is in nobody's way.
 */
function sharedPart(pods: readonly TracePod[]): number {
  const endMs = pods.at(-1)?.createdAtMs ?? 0
  const timeOf = ({ size, createdAtMs, runMs }: TracePod) => millis(size) * Math.min(runMs, endMs - createdAtMs)
  const sum = (some: readonly TracePod[]) => some.reduce((all, pod) => all + timeOf(pod), 0)
  const part = Math.floor((sum(pods.filter(({ tier }) => tier === 'shared')) * 1000) / Math.max(1, sum(pods)))
  return Math.min(part, 1000 - BURST_PER_MILLE)
}

/** GPUs by cohort and model. */
type Capacity = ReadonlyMap<string, number>

function placed(nodes: readonly TraceNode[]): readonly { readonly node: TraceNode; readonly cohort: string }[] {
  const seen = new Map<string, number>()
  return nodes.map(node => {
    const before = seen.get(node.model) ?? 0
    seen.set(node.model, before + 1)
    return { node, cohort: COHORTS[before % COHORTS.length] ?? ROOT }
  })
}

function capacityByCohort(nodes: readonly TraceNode[]): Capacity {
  const capacity = new Map<string, number>()
  for (const { node, cohort } of placed(nodes)) {
    const key = `${cohort}/${node.model}`
    capacity.set(key, (capacity.get(key) ?? 0) + node.gpus)
  }
  return capacity
}

/** What the tenants of a cohort have of a model, in whole GPUs: nobody can reserve a part of one for long. */
interface Parts {
  readonly reservedOfEach: number
  readonly shared: number
  readonly burst: number
}

function partsOf(gpus: number, sharedPerMille: number): Parts {
  const shared = Math.floor((gpus * sharedPerMille) / 1000)
  const reservedOfEach = Math.floor(((gpus * (1000 - BURST_PER_MILLE)) / 1000 - shared) / TENANTS_OF_EACH)
  return { reservedOfEach, shared, burst: gpus - reservedOfEach * TENANTS_OF_EACH - shared }
}

function classDocument(model: string): JsonObject {
  return document('AcceleratorClass', classNameOf(model), {
    displayName: model,
    vendor: 'other',
    resources: [{ name: resourceOf(model), milliGpus: 1000 }],
  })
}

function nodeObject({ name, model, gpus }: TraceNode, cohort: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { [COHORT_LABEL]: cohort, [MODEL_LABEL]: model } },
    status: { allocatable: { [resourceOf(model)]: gpus } },
  }
}

function cohortDocument(
  name: string,
  models: readonly string[],
  sharedPerMille: number,
  capacity: Capacity,
): JsonObject {
  const classes = models.map(model => {
    const { shared, burst } = partsOf(capacity.get(`${name}/${model}`) ?? 0, sharedPerMille)
    const nodeSelector = { matchLabels: { [COHORT_LABEL]: name, [MODEL_LABEL]: model } }
    return { class: classNameOf(model), capacity: { nodeSelector }, shared, burst }
  })
  return document('Cohort', name, { parent: ROOT, classes, reclaim: { mode: 'On' } })
}

function tenantDocuments(
  cohort: string,
  models: readonly string[],
  sharedPerMille: number,
  capacity: Capacity,
): readonly JsonObject[] {
  const classes = models.map(model => {
    const { reservedOfEach } = partsOf(capacity.get(`${cohort}/${model}`) ?? 0, sharedPerMille)
    return { class: classNameOf(model), reserved: reservedOfEach, shared: {}, burst: {} }
  })
  return Array.from({ length: TENANTS_OF_EACH }, (_, index) => {
    const name = `${cohort}-${index + 1}`
    return document('TenantQuota', name, { namespaces: [name], cohort, classes })
  })
}

function document(kind: string, name: string, spec: JsonObject): JsonObject {
  return { apiVersion: 'sluice.dev/v1alpha1', kind, metadata: { name }, spec }
}

function resourceOf(model: string): string {
  return `simulation.sluice.dev/${classNameOf(model)}`
}
