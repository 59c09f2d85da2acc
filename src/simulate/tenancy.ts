/** Whose a pod is: by its namespace where the trace says one, else by chance that is always the same. */

import type { Quotas } from '../quota/tiers.ts'
import { failed, type Issue, type Parsed, parsed } from '../schema/parsed.ts'
import type { TracePod } from './trace/trace.ts'

export interface OwnedPod extends TracePod {
  readonly namespace: string
  readonly tenant: string
}

/** Every pod with its tenant, or the namespaces that are nobody's, each where it is first named; `remedy` says what to do about those. */
export function owned(pods: readonly TracePod[], quotas: Quotas, remedy: string): Parsed<readonly OwnedPod[]> {
  const tenants = [...quotas.treeOfTenant.keys()].toSorted()
  if (tenants.length === 0) {
    return failed({ at: 'the cluster', problem: 'has no TenantQuota', remedy: 'give the pods of the trace a tenant' })
  }
  const strays = new Map<string, string>()
  const all = pods.flatMap(pod => {
    const tenant =
      pod.namespace === null ? tenants[fnv1a(pod.name) % tenants.length] : quotas.tenantOfNamespace.get(pod.namespace)
    if (tenant !== undefined) return [{ ...pod, namespace: pod.namespace ?? tenant, tenant }]
    const namespace = pod.namespace ?? ''
    if (!strays.has(namespace)) strays.set(namespace, pod.at)
    return []
  })
  if (strays.size === 0) return parsed(all)
  return failed(
    ...[...strays].map(([namespace, at]): Issue => {
      return { at, problem: `${JSON.stringify(namespace)} is the namespace of no TenantQuota`, remedy }
    }),
  )
}

// FNV-1a, 32 bits: short, and spreads names that differ in their last digits.
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
