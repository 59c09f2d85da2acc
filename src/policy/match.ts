import type { GpuPolicySpec, PolicyMatch } from '../schema/gpu-policy.ts'
import { selects } from './selector.ts'
import type { Subject } from './subject.ts'

/** Whether the fields of `match` hold, and no exception covers the pod. Conditions in CEL come after it. */
export function matches(spec: GpuPolicySpec, subject: Subject): boolean {
  return matchesFields(spec.match ?? {}, subject) && !isExcepted(spec, subject)
}

function matchesFields(match: PolicyMatch, subject: Subject): boolean {
  return (
    matchesAccelerators(match, subject) &&
    matchesNamespace(match, subject) &&
    (match.operations ?? ['CREATE']).some(operation => operation === subject.request.operation) &&
    (match.objectSelector === undefined || selects(match.objectSelector, subject.pod.metadata.labels ?? {})) &&
    matchesWorkload(match, subject) &&
    (match.tiers === undefined || match.tiers.some(tier => tier === subject.tier)) &&
    (match.classes === undefined || match.classes.some(name => subject.demand?.byClass.has(name) === true)) &&
    (match.vendors === undefined || match.vendors.some(name => subject.demand?.vendors.has(name) === true))
  )
}

function matchesAccelerators(match: PolicyMatch, subject: Subject): boolean {
  switch (match.accelerators ?? 'Required') {
    case 'Required':
      return subject.demand !== undefined
    case 'Absent':
      return subject.demand === undefined
    case 'Any':
      return true
  }
}

function matchesNamespace(match: PolicyMatch, subject: Subject): boolean {
  return (
    (match.namespaces === undefined || match.namespaces.includes(subject.namespace)) &&
    match.excludedNamespaces?.includes(subject.namespace) !== true &&
    (match.namespaceSelector === undefined || selects(match.namespaceSelector, subject.namespaceLabels))
  )
}

function matchesWorkload(match: PolicyMatch, { workload }: Subject): boolean {
  return (
    (match.workloadKinds === undefined || match.workloadKinds.includes(workload.kind)) &&
    match.excludedWorkloadKinds?.includes(workload.kind) !== true &&
    (match.multiPod === undefined || match.multiPod === workload.multiPod)
  )
}

function isExcepted(spec: GpuPolicySpec, subject: Subject): boolean {
  return (spec.exceptions ?? []).some(
    exception =>
      exception.namespaces.includes(subject.namespace) &&
      (exception.objectSelector === undefined || selects(exception.objectSelector, subject.pod.metadata.labels ?? {})),
  )
}
