import type { GpuPolicyDocument } from '../schema/documents.ts'
import type { PolicyMatch } from '../schema/gpu-policy.ts'
import type { InjectSpec } from '../schema/inject.ts'
import { blamedOn, type Issue } from '../schema/parsed.ts'
import { withoutSlash } from './inject/shared-memory.ts'

/** One key that a policy sets, and the value it sets it to, in a form that can be compared. */
interface Setting {
  readonly key: string
  readonly value: string
}

/**
 * Finds pairs of policies that set one key to different values on pods that both match. Blocks know no order, so nothing could
 * say which of them wins: they are refused at load, naming both. Conditions in CEL cannot be compared and count as overlapping.
 */
export function conflicts(documents: readonly GpuPolicyDocument[]): readonly Issue[] {
  const settings = documents
    .filter(document => document.spec.suspend !== true)
    .flatMap(document => settingsOf(document.spec.inject ?? {}).map(setting => ({ document, ...setting })))
  const byKey = Map.groupBy(settings, setting => setting.key)
  return [...byKey.values()].flatMap(group =>
    group.flatMap((one, index) =>
      group
        .slice(index + 1)
        .filter(other => one.value !== other.value)
        .filter(other => mayOverlap(one.document.spec.match ?? {}, other.document.spec.match ?? {}))
        .flatMap(other =>
          blamedOn([...new Set([one.document, other.document])], [conflict(one.document, other.document, one)]),
        ),
    ),
  )
}

function conflict(one: GpuPolicyDocument, other: GpuPolicyDocument, { key }: Setting): Issue {
  if (one === other) {
    return { at: `GpuPolicy ${one.metadata.name}: spec.inject`, problem: `sets ${key} twice`, remedy: 'remove one' }
  }
  return {
    at: `GpuPolicy ${one.metadata.name} and GpuPolicy ${other.metadata.name}: spec.inject`,
    problem: `both set ${key}, to different values, on pods that both match`,
    // Not by class or vendor: a pod may use two of them.
    remedy: 'make their match exclude each other, by tier, namespace, workload kind or label, or suspend one',
  }
}

function settingsOf(inject: InjectSpec): readonly Setting[] {
  const keyed = (what: string, entries: readonly (Valued & { readonly key: string })[] = []) =>
    entries.map(entry => setting(`${what} ${entry.key}`, settled(entry)))
  return [
    ...(inject.priorityClass?.byTier ?? []).map(({ tier, name }) => setting(`priorityClass of ${tier}`, { name })),
    ...(inject.env ?? []).map(entry => setting(`env ${entry.name}`, settled(entry))),
    ...(inject.fabric === undefined ? [] : [setting('fabric', chosenFabric(inject.fabric))]),
    ...(inject.devices ?? []).map(entry => setting(`device ${entry.resource}`, settled(entry))),
    ...(inject.deviceClaims ?? []).flatMap(claimSettings),
    ...(inject.sharedMemory === undefined ? [] : [memorySetting(inject.sharedMemory)]),
    ...keyed('nodeSelector', inject.nodeSelector),
    ...keyed('label', inject.labels),
    ...keyed('annotation', inject.annotations),
    ...(inject.schedulerName === undefined ? [] : [setting('schedulerName', { name: inject.schedulerName.name })]),
    ...(inject.topologySpread ?? []).map(({ topologyKey, maxSkew = 1, whenUnsatisfiable }) =>
      setting(`topologySpread ${topologyKey}`, { maxSkew, whenUnsatisfiable }),
    ),
    ...(inject.affinity?.gang ?? []).map(({ topologyKey, weight }) =>
      setting(`podAffinity ${topologyKey}`, { weight }),
    ),
    ...(inject.affinity?.nodes ?? []).map(({ key, operator, values, weight }) =>
      setting(`nodeAffinity ${key}`, { operator, values: values?.toSorted(), weight }),
    ),
  ]
}

interface Valued {
  readonly value?: string
  readonly count?: number
  readonly expression?: string
}

// Whether a value is a default or enforced does not make it another value.
function settled({ value, count, expression }: Valued) {
  return { value, count, expression }
}

function chosenFabric({ profile, traffic = 'nccl' }: NonNullable<InjectSpec['fabric']>) {
  return profile === undefined ? { traffic } : { profile }
}

/** Two claims of one name would be refused with the pod, and a container can give up its resource only once. */
function claimSettings(entry: NonNullable<InjectSpec['deviceClaims']>[number]): readonly Setting[] {
  const { name, replaces, count = 1, resourceClaimTemplateName, resourceClaimName, request } = entry
  const source = { resourceClaimTemplateName, resourceClaimName, request }
  const what = `${count} ${replaces}`
  return [setting(`claim for ${what}`, { name, ...source }), setting(`claim ${name}`, { what, ...source })]
}

function memorySetting({ mountPath = '/dev/shm', sizeLimit, expression }: NonNullable<InjectSpec['sharedMemory']>) {
  return setting(`volume ${withoutSlash(mountPath)}`, { sizeLimit, expression })
}

/** Values are compared as text, so their fields stand in one order; absent ones are left out. */
function setting(key: string, fields: Readonly<Record<string, unknown>>): Setting {
  return { key, value: JSON.stringify(fields) }
}

/** Whether one pod could satisfy both: false only where the fields prove that none can. */
function mayOverlap(one: PolicyMatch, other: PolicyMatch): boolean {
  return (
    accelerators(one) !== opposite(accelerators(other)) &&
    shareAny(one.tiers, other.tiers) &&
    shareAny(one.workloadKinds, other.workloadKinds) &&
    shareAny(one.operations ?? ['CREATE'], other.operations ?? ['CREATE']) &&
    shareAny(one.namespaces, other.namespaces) &&
    !excludes(one.excludedNamespaces, other.namespaces) &&
    !excludes(other.excludedNamespaces, one.namespaces) &&
    !excludes(one.excludedWorkloadKinds, other.workloadKinds) &&
    !excludes(other.excludedWorkloadKinds, one.workloadKinds) &&
    !(one.multiPod !== undefined && other.multiPod !== undefined && one.multiPod !== other.multiPod) &&
    labelsMayAgree(one.objectSelector, other.objectSelector) &&
    labelsMayAgree(one.namespaceSelector, other.namespaceSelector)
  )
}

function accelerators(match: PolicyMatch) {
  return match.accelerators ?? 'Required'
}

function opposite(choice: ReturnType<typeof accelerators>): string | undefined {
  if (choice === 'Any') return undefined
  return choice === 'Required' ? 'Absent' : 'Required'
}

// Classes and vendors are not compared: a pod may use two of them at once.
function shareAny(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  return one === undefined || other === undefined || one.some(value => other.includes(value))
}

function excludes(excluded: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean {
  return excluded !== undefined && wanted?.every(value => excluded.includes(value)) === true
}

type Selector = PolicyMatch['objectSelector']

/** Selectors exclude each other when they want different values of one label, or one wants it and the other must not have it. */
function labelsMayAgree(one: Selector, other: Selector): boolean {
  const wantedByOne = wantedValues(one)
  const wantedByOther = wantedValues(other)
  for (const [label, values] of wantedByOne) {
    if (!shareAny(values, wantedByOther.get(label)) || forbids(other, label, values)) return false
  }
  return ![...wantedByOther].some(([label, values]) => forbids(one, label, values))
}

/** The values a selector allows for each label that it wants to be there; undefined stands for any value. */
function wantedValues(selector: Selector): ReadonlyMap<string, readonly string[] | undefined> {
  const exact = Object.entries(selector?.matchLabels ?? {}).map(([label, value]) => [label, [value]] as const)
  const listed = (selector?.matchExpressions ?? [])
    .filter(({ operator }) => operator === 'In' || operator === 'Exists')
    .map(({ key, operator, values }) => [key, operator === 'In' ? (values ?? []) : undefined] as const)
  return new Map([...listed, ...exact])
}

function forbids(selector: Selector, label: string, values: readonly string[] | undefined): boolean {
  return (selector?.matchExpressions ?? []).some(
    ({ key, operator, values: listed = [] }) =>
      key === label &&
      (operator === 'DoesNotExist' ||
        (operator === 'NotIn' && values !== undefined && values.every(value => listed.includes(value)))),
  )
}
