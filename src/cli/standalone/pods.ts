/**
 * The pods of a process without a cluster. Whoever was admitted is there until its owner deletes it, or it is evicted.
 *
 * Of each pod as much is kept as is asked for later, not its object: those are 10 kB, and there is no end of them.
 */
import type { Validation } from '../../admission/validate.ts'
import { type PodStanding, podStanding } from '../../controller/counting/pod-standing.ts'
import type { SeenPod } from '../../quota/tally.ts'
import type { HeldPod } from '../../rebalance/snapshot.ts'

/** The standing of one has no node, since nobody here knows of any; that it was started says that it runs. */
export interface HostedPod {
  readonly uid: string
  readonly namespace: string
  /** What it holds, and in which tier. */
  readonly charged: SeenPod
  readonly createdAtMs: number
  readonly standing: Pick<PodStanding, 'name' | 'priority' | 'startedAtMs' | 'savedAtMs' | 'notice' | 'isTierNamed'>
}

/** An admitted pod as it enters: it does not run yet, and whatever it brings along of a notice was given to another pod. */
export function arrived({ examined }: Validation, charged: SeenPod, createdAtMs: number): HostedPod {
  const { object, namespace } = examined.subject
  const { name, priority, savedAtMs, isTierNamed } = podStanding(object, text => text)
  // Nobody has saved more than there is by now.
  const saved = savedAtMs === null ? null : Math.min(savedAtMs, createdAtMs)
  const standing = { name, priority, isTierNamed, savedAtMs: saved, startedAtMs: null, notice: null }
  return { uid: charged.uid, namespace, charged, createdAtMs, standing }
}

/** What a pod that runs is said to run on: only that there is a place for it is known. */
const SOMEWHERE = 'somewhere'

export function heldPod({ uid, namespace, charged, createdAtMs, standing }: HostedPod): HeldPod {
  const { tenant, tier, amounts, gang } = charged
  return {
    ...{ uid, namespace, tenant, tier, amounts, gang, createdAtMs },
    ...standing,
    node: standing.startedAtMs === null ? null : SOMEWHERE,
    utilisation: null,
    budgets: [],
    isLeaving: false,
  }
}
