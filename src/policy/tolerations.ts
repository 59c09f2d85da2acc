import type { Toleration } from '../schema/pod.ts'

/**
 * Whether an existing toleration covers every taint that the wanted one covers, by the rule of k8s.io/api/core/v1
 * (ToleratesTaint): equal or empty effect; an empty key with Exists means every key; Exists means every value.
 */
export function covers(existing: Toleration, wanted: Toleration): boolean {
  // A toleration that ends after a while does not cover one that stays.
  if (existing.tolerationSeconds !== undefined && existing.tolerationSeconds !== wanted.tolerationSeconds) return false
  if (!isEmpty(existing.effect) && existing.effect !== wanted.effect) return false
  if (isEmpty(existing.key)) return existing.operator === 'Exists'
  if (existing.key !== wanted.key) return false
  if (existing.operator === 'Exists') return true
  // One value covers that value and nothing more; Gt and Lt, where a cluster has them, are not compared.
  return isEqual(existing.operator) && isEqual(wanted.operator) && (existing.value ?? '') === (wanted.value ?? '')
}

function isEqual(operator: string | undefined): boolean {
  return isEmpty(operator) || operator === 'Equal'
}

function isEmpty(text: string | undefined): boolean {
  return text === undefined || text === ''
}
