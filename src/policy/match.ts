import type { GpuPolicySpec, PolicyMatch } from '../schema/gpu-policy.ts'
import { selects } from './selector.ts'
import type { Subject } from './subject.ts'

type Test = (match: PolicyMatch, subject: Subject) => boolean

/** The fields of `match`, cheapest and most telling first: most policies are not about most pods. */
const FIELDS: readonly (readonly [keyof PolicyMatch, Test])[] = [
  ['accelerators', isOfAccelerators],
  ['tiers', ({ tiers }, { tier }) => tiers === undefined || tiers.some(name => name === tier)],
  ['operations', ({ operations = ['CREATE'] }, { request }) => operations.some(name => name === request.operation)],
  ['namespaces', ({ namespaces }, { namespace }) => namespaces === undefined || namespaces.includes(namespace)],
  ['excludedNamespaces', (match, { namespace }) => match.excludedNamespaces?.includes(namespace) !== true],
  ['multiPod', ({ multiPod }, { workload }) => multiPod === undefined || multiPod === workload.multiPod],
  ['workloadKinds', (match, { workload }) => match.workloadKinds?.includes(workload.kind) !== false],
  ['excludedWorkloadKinds', (match, { workload }) => match.excludedWorkloadKinds?.includes(workload.kind) !== true],
  ['classes', ({ classes }, { demand }) => classes?.some(name => demand?.byClass.has(name) === true) !== false],
  ['vendors', ({ vendors }, { demand }) => vendors?.some(name => demand?.vendors.has(name) === true) !== false],
  ['objectSelector', (match, { pod }) => isSelected(match.objectSelector, pod.metadata.labels)],
  ['namespaceSelector', (match, { namespaceLabels }) => isSelected(match.namespaceSelector, namespaceLabels)],
]

/** Whether a policy is about a pod, as far as its fields say; conditions in CEL come after it. */
export function matches(spec: GpuPolicySpec, subject: Subject): boolean {
  return mismatchOf(spec, subject) === undefined
}

/** The field by which a policy is not about a pod: `match.tiers`, or `exceptions`. */
export function mismatchOf(spec: GpuPolicySpec, subject: Subject): string | undefined {
  const { match = {} } = spec
  for (const [field, holds] of FIELDS) {
    if (!holds(match, subject)) return `match.${field}`
  }
  return isExcepted(spec, subject) ? 'exceptions' : undefined
}

function isOfAccelerators({ accelerators = 'Required' }: PolicyMatch, { demand }: Subject): boolean {
  switch (accelerators) {
    case 'Required':
      return demand !== undefined
    case 'Absent':
      return demand === undefined
    case 'Any':
      return true
  }
}

function isExcepted({ exceptions = [] }: GpuPolicySpec, { namespace, pod }: Subject): boolean {
  return exceptions.some(
    exception => exception.namespaces.includes(namespace) && isSelected(exception.objectSelector, pod.metadata.labels),
  )
}

function isSelected(selector: PolicyMatch['objectSelector'], labels: Readonly<Record<string, string>> = {}): boolean {
  return selector === undefined || selects(selector, labels)
}
