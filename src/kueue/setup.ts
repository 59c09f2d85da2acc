import { isKueueApi, type KueueObject, parseKueueObject } from '../schema/kueue.ts'
import { failed, type Issue, type Parsed, parsed } from '../schema/parsed.ts'
import { isObject, type JsonObject } from '../schema/parts.ts'
import type { Finding } from './finding.ts'

type OfKind<K extends KueueObject['kind']> = Extract<KueueObject, { readonly kind: K }>
export type ClusterQueue = OfKind<'ClusterQueue'>
export type Cohort = OfKind<'Cohort'>
export type ResourceFlavor = OfKind<'ResourceFlavor'>
export type LocalQueue = OfKind<'LocalQueue'>

/** An object with the place it was read from, such as `kueue.yaml:12`. */
export interface PlacedValue {
  readonly at: string
  readonly value: JsonObject
}

/** What was read of a Kueue installation, by kind and in the order of the files. */
export interface Setup {
  readonly queues: readonly ClusterQueue[]
  readonly cohorts: readonly Cohort[]
  readonly flavors: readonly ResourceFlavor[]
  readonly localQueues: readonly LocalQueue[]
  /** What says nothing about quota. */
  readonly passedOver: readonly Finding[]
}

/** Reads the objects, or says everything that is wrong with them. */
export function readSetup(objects: readonly PlacedValue[]): Parsed<Setup> {
  const issues: Issue[] = []
  const passedOver: Finding[] = []
  const read = objects.flatMap(object => readObject(object, issues, passedOver))
  issues.push(...twins(read))
  const queues = read.filter(object => object.kind === 'ClusterQueue')
  if (issues.length === 0 && queues.length === 0) issues.push(nothingToImport(objects))
  if (issues.length > 0) return failed(...issues)
  return parsed({
    queues,
    cohorts: read.filter(object => object.kind === 'Cohort'),
    flavors: read.filter(object => object.kind === 'ResourceFlavor'),
    localQueues: read.filter(object => object.kind === 'LocalQueue'),
    passedOver,
  })
}

function readObject({ at, value }: PlacedValue, issues: Issue[], passedOver: Finding[]): readonly KueueObject[] {
  const result = isKueueApi(value.apiVersion) ? parseKueueObject(value, at) : parsed(undefined)
  if (!result.ok) {
    issues.push(...result.issues)
    return []
  }
  if (result.value !== undefined) return [result.value]
  passedOver.push({ kind: 'lost', at, object: titleOf(value), field: '', meaning: meaningOf(value) })
  return []
}

/** Kinds of Kueue that users may miss, with what becomes of what they did. */
const KINDS_WITHOUT_QUOTA: ReadonlyMap<string, string> = new Map([
  [
    'Workload',
    'nothing waits in Sluice: each pod is judged when it is created, and those that run are counted as they are',
  ],
  ['AdmissionCheck', 'no check delays an admission: a pod that fits its quota is admitted at once'],
  ['ProvisioningRequestConfig', 'nodes are asked for by pods that are pending, as without Kueue'],
  ['Topology', 'placement is left to the scheduler'],
  ['WorkloadPriorityClass', 'priority is that of PriorityClasses alone'],
  ['MultiKueueCluster', 'quota is of one cluster'],
  ['MultiKueueConfig', 'quota is of one cluster'],
])

function meaningOf({ apiVersion, kind }: JsonObject): string {
  if (!isKueueApi(apiVersion)) return 'no object of Kueue: passed over'
  return KINDS_WITHOUT_QUOTA.get(String(kind)) ?? 'Sluice has nothing like it: passed over'
}

function nothingToImport(objects: readonly PlacedValue[]): Issue {
  const kinds = [...new Set(objects.map(({ value }) => String(value.kind)))].slice(0, 8)
  return {
    at: objects[0]?.at ?? '(input)',
    problem: `no ClusterQueue among ${objects.length} objects${kinds.length === 0 ? '' : ` (${kinds.join(', ')})`}`,
    remedy: 'give what `kubectl get clusterqueues,cohorts,resourceflavors,localqueues -A -o yaml` prints',
  }
}

/** Two objects of one name are two opinions on one quota. */
function twins(objects: readonly KueueObject[]): readonly Issue[] {
  const first = new Map<string, KueueObject>()
  return objects.flatMap(object => {
    const title = identityOf(object)
    const other = first.get(title)
    if (other === undefined) first.set(title, object)
    if (other === undefined) return []
    return [{ at: object.at, problem: `${title} is already at ${other.at}`, remedy: 'remove or rename one of them' }]
  })
}

export function identityOf(object: KueueObject): string {
  const { name } = object.document.metadata
  return object.kind === 'LocalQueue'
    ? `LocalQueue ${object.document.metadata.namespace}/${name}`
    : `${object.kind} ${name}`
}

function titleOf({ kind, metadata }: JsonObject): string {
  const { name, namespace } = isObject(metadata) ? metadata : {}
  const place = typeof namespace === 'string' ? `${namespace}/` : ''
  return `${String(kind)} ${place}${typeof name === 'string' ? name : '(without a name)'}`
}
