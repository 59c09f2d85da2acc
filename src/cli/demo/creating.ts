/** Creates pods as their controllers do: one after the other, until one is refused. */
import { textAt } from '../../admission/objects.ts'
import { TIER_LABEL } from '../../policy/owned-keys.ts'
import type { JsonObject, Tier } from '../../schema/parts.ts'
import { TIERS } from '../../schema/parts.ts'
import type { Created } from '../webhook-client.ts'
import type { Stage } from './stage.ts'

// No two pods of the transcript come at the same moment, or which of them is younger would be for chance to say.
const BETWEEN_PODS_MS = 1_000

export async function created(
  { client, clock }: Stage,
  wanted: number,
  podOf: (index: number) => JsonObject,
  namespace: string,
): Promise<readonly Created[]> {
  const pods: Created[] = []
  for (let index = 0; index < wanted; index += 1) {
    const one = await client.create(podOf(index), namespace)
    clock.advance(BETWEEN_PODS_MS)
    pods.push(one)
    if (!one.response.allowed) break
  }
  return pods
}

/** The tier that a pod was given; undefined where nothing was charged for it. */
export function tierOf({ pod }: Created): Tier | undefined {
  return TIERS.find(tier => tier === textAt(pod, 'metadata', 'labels', TIER_LABEL))
}

export function uidOf({ pod }: Created): string {
  return textAt(pod, 'metadata', 'uid') ?? ''
}
