/** What the pods of the cluster hold, counted from the pods alone: what every ledger is measured against. */
import { fieldAt, textAt } from '../../../src/admission/objects.ts'
import type { JsonObject, JsonValue } from '../../../src/schema/parts.ts'
import type { ControlPlane } from './control-plane.ts'

export async function podsIn({ api }: Pick<ControlPlane, 'api'>, namespace: string): Promise<readonly JsonObject[]> {
  const { items } = await api.must('GET', `/api/v1/namespaces/${namespace}/pods`)
  return Array.isArray(items) ? (items as readonly JsonObject[]) : []
}

/** Milli-GPUs of H100 by `tenant/tier h100`, of pods that have not ended; each tenant has one namespace, of its own name. */
export async function heldByPods(
  cluster: Pick<ControlPlane, 'api'>,
  tenants: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const held = new Map<string, number>()
  for (const tenant of tenants) {
    for (const pod of await podsIn(cluster, tenant)) {
      if (hasEnded(pod)) continue
      const key = `${tenant}/${tierOf(pod) ?? 'untold'} h100`
      held.set(key, (held.get(key) ?? 0) + 1_000 * gpusOf(pod))
    }
  }
  return Object.fromEntries([...held].sort())
}

export function tierOf(pod: JsonObject): string | undefined {
  return textAt(pod, 'metadata', 'labels', 'sluice.dev/tier')
}

export function gpusOf(pod: JsonObject): number {
  const containers = fieldAt(pod, 'spec', 'containers')
  if (!Array.isArray(containers)) return 0
  const limits = (containers as readonly JsonValue[]).map(one => textAt(one, 'resources', 'limits', 'nvidia.com/gpu'))
  return limits.reduce((sum, limit) => sum + Number(limit ?? 0), 0)
}

function hasEnded(pod: JsonObject): boolean {
  return ['Succeeded', 'Failed'].includes(textAt(pod, 'status', 'phase') ?? '')
}
