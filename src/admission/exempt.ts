import type { AdmissionRequest } from '../schema/review.ts'

/**
 * Namespaces that no policy and no quota reaches, in code as well as in the webhook's own rules: a broad rule with
 * `failurePolicy: Fail` has stopped whole clusters (KAI-Scheduler#883, jobset#361, kserve#688).
 */
export const SYSTEM_NAMESPACES: readonly string[] = [
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'gpu-operator',
  'cert-manager',
  'sluice-system',
]

export type ExemptNamespaces = ReadonlySet<string>

export function exemptNamespaces(more: readonly string[]): ExemptNamespaces {
  return new Set([...SYSTEM_NAMESPACES, ...more])
}

/** The namespace of the request is the truth; the object's own may be empty. */
export function isExempt(request: AdmissionRequest, namespaces: ExemptNamespaces): boolean {
  return namespaces.has(request.namespace ?? '')
}
