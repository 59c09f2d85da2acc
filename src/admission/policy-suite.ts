import { applyPatch, patchOf } from '../policy/patch.ts'
import type { Finding } from '../policy/policy-set.ts'
import type { Subject } from '../policy/subject.ts'
import { mismatch } from '../policy/subset.ts'
import { formatIssue, type Parsed } from '../schema/parsed.ts'
import type { JsonObject } from '../schema/parts.ts'
import { parsePod } from '../schema/pod.ts'
import type { PolicyCase, PolicySuite } from '../schema/policy-suite.ts'
import { type AdmissionRequest, podRequest } from '../schema/review.ts'
import { assembleCluster, type Cluster } from './cluster.ts'
import { fieldAt, type PlacedObject } from './objects.ts'
import { examine } from './subject.ts'

export interface CaseResult {
  readonly name: string
  /** What did not come out as wanted; empty when the case passed. */
  readonly problems: readonly string[]
}

/**
 * Runs the cases of a suite against the policies it names, with the engine that admission uses. Quota plays no part. Every case
 * also checks that a second pass over the patched pod adds nothing.
 */
export function runSuite(
  suite: PolicySuite,
  underTest: ReadonlySet<string>,
  layers: readonly (readonly PlacedObject[])[],
): readonly CaseResult[] {
  const relevant = layers.map(layer => layer.filter(object => isRelevant(object, underTest)))
  const missing = [...underTest].filter(name => !relevant.flat().some(object => isPolicy(object, name)))
  if (missing.length > 0) return [{ name: '(suite)', problems: [`no GpuPolicy is named ${missing.join(', ')}`] }]
  const shared = assembleCluster(...relevant)
  return suite.cases.map(testCase => {
    const cluster = testCase.documents === undefined ? shared : assembleCluster(...relevant, placed(testCase.documents))
    return { name: testCase.name, problems: problemsOf(testCase, cluster) }
  })
}

// Tenants and cohorts are of no use to a suite, and an error in them is not the policy's.
function isRelevant(object: PlacedObject, underTest: ReadonlySet<string>): boolean {
  const { kind } = object.value
  if (kind === 'TenantQuota' || kind === 'Cohort') return false
  return kind !== 'GpuPolicy' || underTest.has(nameOf(object))
}

function isPolicy(object: PlacedObject, name: string): boolean {
  return object.value.kind === 'GpuPolicy' && nameOf(object) === name
}

function nameOf({ value }: PlacedObject): string {
  return String(fieldAt(value, 'metadata', 'name'))
}

function placed(documents: readonly JsonObject[]): readonly PlacedObject[] {
  return documents.map((value, index) => ({ at: `documents[${index}]`, value }))
}

function problemsOf(testCase: PolicyCase, cluster: Parsed<Cluster>): readonly string[] {
  if (!cluster.ok) return cluster.issues.map(formatIssue)
  const subject = subjectOf(testCase, podOf(testCase.pod), cluster.value)
  if (typeof subject === 'string') return [subject]

  const patch = patchOf(subject.object)
  const injected = cluster.value.policies.inject(subject, patch, cluster.value.surroundings)
  const after = applyPatch(subject.object, patch.operations())
  const again = subjectOf(testCase, after, cluster.value)
  if (typeof again === 'string') return [`the patched pod cannot be read: ${again}`]

  const validated = cluster.value.policies.validate(again)
  return [
    ...injectionProblems(testCase, after, patch.operations().length),
    ...secondPassProblems(again, cluster.value),
    ...findingProblems(testCase, validated.findings),
    ...[...injected.problems, ...validated.problems].map(({ policy, problem }) => `${policy}: ${problem}`),
  ]
}

function podOf(pod: JsonObject): JsonObject {
  const metadata = fieldAt(pod, 'metadata') ?? {}
  return { apiVersion: 'v1', kind: 'Pod', ...pod, metadata }
}

function subjectOf(testCase: PolicyCase, json: JsonObject, cluster: Cluster): Subject | string {
  const pod = parsePod(json)
  if (!pod.ok) return pod.issues.map(formatIssue).join('; ')
  const request = requestFor(testCase, json)
  const labels = testCase.namespaceLabels ?? {}
  const here: Cluster = { ...cluster, labelsOfNamespace: () => labels }
  const knowledge = testCase.gangSize === undefined ? {} : { gangSize: testCase.gangSize }
  const { subject, denials, undecidable } = examine(request, pod.value, here, knowledge)
  const [obstacle] = [...denials.map(denial => denial.message), ...undecidable.map(formatIssue)]
  if (obstacle !== undefined) return obstacle
  const instanceTypes = subject.instanceTypes.length > 0 ? subject.instanceTypes : (testCase.instanceTypes ?? [])
  const tier = subject.tier ?? (subject.demand === undefined ? undefined : (testCase.tier ?? 'reserved'))
  const tenant = testCase.tenant ?? subject.tenant ?? subject.namespace
  return { ...subject, tenant: tenant === '' ? undefined : tenant, instanceTypes, tier }
}

function requestFor({ namespace = 'tenant', operation = 'CREATE' }: PolicyCase, object: JsonObject): AdmissionRequest {
  return podRequest({ uid: 'policy-suite', namespace, userInfo: { username: 'tenant' }, object }, operation)
}

function injectionProblems({ want }: PolicyCase, after: JsonObject, operations: number): readonly string[] {
  const shown = want.pod === undefined ? undefined : mismatch(want.pod, after)
  return [
    ...(want.unchanged === true && operations > 0 ? [`${operations} patch operations, wanted none`] : []),
    ...(shown === undefined ? [] : [shown]),
    ...(want.absent ?? []).filter(path => fieldAtPath(after, path) !== undefined).map(path => `${path} is there`),
  ]
}

function secondPassProblems(subject: Subject, cluster: Cluster): readonly string[] {
  const patch = patchOf(subject.object)
  cluster.policies.inject(subject, patch, cluster.surroundings)
  const operations = patch.operations()
  return operations.length === 0 ? [] : [`a second pass is not empty: ${JSON.stringify(operations)}`]
}

function findingProblems({ want }: PolicyCase, findings: readonly Finding[]): readonly string[] {
  const denials = findings.filter(finding => finding.mode === 'Enforce')
  const warnings = findings
    .filter(finding => finding.mode === 'Warn')
    .map(({ code, message }) => `[${code}] ${message}`)
  const verdict = denials.length > 0 ? 'denied' : 'allowed'
  const wantedDenials = want.denials ?? []
  return [
    ...(verdict === (want.verdict ?? 'allowed')
      ? []
      : [`${verdict}: ${denials.map(d => `[${d.code}] ${d.message}`).join('; ')}`]),
    ...wantedDenials
      .filter(wanted => !denials.some(found => isDenial(wanted, found)))
      .map(wanted => `no denial is ${JSON.stringify(wanted)}; found ${JSON.stringify(denials)}`),
    ...(want.warnings?.length === 0 ? warnings.map(warning => `wanted no warning, found ${warning}`) : []),
    ...(want.warnings ?? [])
      .filter(part => !warnings.some(warning => warning.includes(part)))
      .map(part => `no warning contains ${JSON.stringify(part)}; found ${JSON.stringify(warnings)}`),
  ]
}

function isDenial(wanted: NonNullable<PolicyCase['want']['denials']>[number], found: Finding): boolean {
  return (
    (wanted.code === undefined || wanted.code === found.code) &&
    (wanted.field === undefined || wanted.field === found.field) &&
    (wanted.message === undefined || found.message.includes(wanted.message))
  )
}

/** `spec.containers[0].env` or `metadata.labels["a.b/c"]` in a document. */
function fieldAtPath(document: JsonObject, path: string) {
  const steps = [...path.matchAll(/\[(\d+)\]|\["([^"]+)"\]|([^.[\]]+)/g)].map(([, index, quotedKey, key]) =>
    index === undefined ? (quotedKey ?? key ?? '') : Number(index),
  )
  return patchOf(document).get(steps)
}
