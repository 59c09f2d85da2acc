/**
 * The pods of a process without a cluster. Whoever was admitted is there until its owner deletes it, or it is evicted.
 *
 * Of each pod as much is kept as is asked for later, not its object: those are 10 kB, and there is no end of them.
 */
import type { Validation } from '../../admission/validate.ts'
import type { SeenPod } from '../../quota/tally.ts'
import type { Notice } from '../../rebalance/snapshot.ts'

export interface HostedPod {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly annotations: Readonly<Record<string, string>>
  /** Nobody here resolves a PriorityClass, so it is what the pod says itself, or 0. */
  readonly priority: number
  /** What it holds, and in which tier. */
  readonly charged: SeenPod
  readonly createdAtMs: number
  /** null while it waits for room. */
  readonly startedAtMs: number | null
  readonly notice: Notice | null
}

/** An admitted pod as it enters. */
export function arrived({ examined }: Validation, charged: SeenPod, nowMs: number): HostedPod {
  const { pod, namespace } = examined.subject
  const { name, annotations = {} } = pod.metadata
  return {
    uid: charged.uid,
    namespace,
    name: name ?? charged.uid,
    annotations,
    priority: pod.spec.priority ?? 0,
    charged,
    createdAtMs: nowMs,
    startedAtMs: null,
    notice: null,
  }
}
