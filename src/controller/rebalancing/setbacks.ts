/**
 * Where steps failed lately. A plan is good for half a minute, and a call that hangs takes five seconds of it: six pods whose patches hang,
 * since somebody's webhook does not answer in their namespace, would keep every other step from being taken, and the next plan begins with
 * the same six. So steps in such a namespace come after all others, those about the very pods last. Webhooks are set up by namespace; to go by
 * pod alone would cost five seconds for each of them, and by tenant would put off what its other namespaces could give at once.
 *
 * Only the order changes: nobody is left out, and after two minutes they have their place again. The next leader finds out for itself.
 */
import type { Clock } from '../../admission/endpoint.ts'
import type { Step } from '../../rebalance/plan.ts'
import type { Snapshot } from '../../rebalance/snapshot.ts'

export interface Setbacks {
  /** For one plan. */
  among(steps: readonly Step[], snapshot: Snapshot): OfPlan
}

interface OfPlan {
  /**
   * A step failed; whether that changes the order of others. What is blocked, or no longer there, is said at once and keeps nobody
   * waiting.
   */
  note(step: Step): boolean
  /** Those that are likely to fail behind the others, which keep their order. */
  inOrder(steps: readonly Step[]): readonly Step[]
}

const LATELY_MS = 120_000

export function setbacks(clock: Clock): Setbacks {
  const failedAtMs = new Map<string, number>()

  function isLately(key: string): boolean {
    const atMs = failedAtMs.get(key)
    if (atMs !== undefined && clock.now() - atMs < LATELY_MS) return true
    failedAtMs.delete(key)
    return false
  }

  return {
    among(steps, { pods }) {
      const uids = new Set(steps.flatMap(podsOf))
      const namespaceOf = new Map(pods.flatMap(pod => (uids.has(pod.uid) ? [[pod.uid, pod.namespace] as const] : [])))
      const podKeys = (step: Step) => podsOf(step).map(uid => `pod ${uid}`)
      const namespaceKeys = (step: Step) => podsOf(step).map(uid => `namespace ${namespaceOf.get(uid) ?? ''}`)
      const rankOf = (step: Step) => (podKeys(step).some(isLately) ? 2 : namespaceKeys(step).some(isLately) ? 1 : 0)
      return {
        note(step) {
          const isNews = !namespaceKeys(step).every(isLately)
          for (const key of [...podKeys(step), ...namespaceKeys(step)]) failedAtMs.set(key, clock.now())
          return isNews
        },
        inOrder(all) {
          // Also forgets pods that are gone.
          for (const key of failedAtMs.keys()) isLately(key)
          if (failedAtMs.size === 0) return all
          const ranked = all.map(step => ({ step, rank: rankOf(step) }))
          return ranked.toSorted((a, b) => a.rank - b.rank).map(({ step }) => step)
        },
      }
    },
  }
}

/** What is changed in the ledger concerns no pods: it is never put off, so what is held for a need is held before anybody leaves. */
function podsOf(step: Step): readonly string[] {
  return 'pods' in step ? step.pods : []
}
