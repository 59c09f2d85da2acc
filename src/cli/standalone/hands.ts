/**
 * Carries out plans on the pods of a process without a cluster. There are no PodDisruptionBudgets and no grace period here: an evicted pod
 * is gone at once, and whoever owns it may create it again.
 */
import type { Hands, Outcome } from '../../controller/rebalancing/hands.ts'
import { holdRoom } from '../../controller/rebalancing/promotion-claims.ts'
import type { Change } from '../../quota/change.ts'
import type { LedgerWriter } from '../../quota/writer.ts'
import type { Evict, Notify, Promote, Rescind, Step } from '../../rebalance/plan.ts'
import type { Evictions } from './evictions.ts'
import type { PodHost } from './host.ts'
import type { HostedPod } from './pods.ts'

interface HandsDeps {
  readonly host: PodHost
  readonly writer: Pick<LedgerWriter, 'amend' | 'book'>
  /** The tree that a tenant is in. */
  readonly treeOf: (tenant: string) => string
  readonly evictions: Evictions
  readonly now: () => number
}

export function standaloneHands(deps: HandsDeps): Hands {
  const { host, writer, treeOf, evictions, now } = deps

  async function amend(tenant: string, changes: readonly Change[]): Promise<Outcome> {
    await writer.amend(treeOf(tenant), changes)
    return DONE
  }

  function notify(step: Notify): Outcome {
    const { deadlineMs, need } = step
    for (const { uid } of thereOf(step)) host.notice(uid, { deadlineMs, need })
    return DONE
  }

  function rescind(step: Rescind): Outcome {
    for (const { uid } of thereOf(step)) host.notice(uid, null)
    return DONE
  }

  function evict(step: Evict): Outcome {
    const pods = thereOf(step)
    const isEarly = pods.some(({ standing: { notice } }) => notice === null || notice.deadlineMs > now())
    if (isEarly) return { kind: 'stale', why: 'its notice has not run out' }
    for (const { uid } of pods) {
      host.remove(uid)
      evictions.evicted(step)
    }
    return DONE
  }

  async function promote(step: Promote): Promise<Outcome> {
    const pods = thereOf(step)
    const moving = pods.map(({ uid, charged }) => ({ uid, amounts: charged.amounts }))
    const isHeld = await holdRoom(treeOf(step.tenant), step, moving, now() + PROMOTION_MS, writer)
    if (!isHeld) return { kind: 'stale', why: `${step.to} has no room for it any more` }
    for (const { uid } of pods) host.retier(uid, step.to)
    return DONE
  }

  function thereOf({ pods }: { readonly pods: readonly string[] }): readonly HostedPod[] {
    return pods.flatMap(uid => host.find(uid) ?? [])
  }

  async function carryOut(step: Step): Promise<Outcome> {
    switch (step.kind) {
      case 'promote':
        return isThere(step) ? promote(step) : GONE
      case 'lapse':
        return amend(step.tenant, [{ kind: 'lapse', gang: step.gang }])
      case 'hold':
        return amend(step.claim.tenant, [{ kind: 'claim', claim: step.claim }])
      case 'notify':
        return isThere(step) ? notify(step) : GONE
      case 'evict':
        return isThere(step) ? evict(step) : GONE
      case 'rescind':
        return isThere(step) ? rescind(step) : GONE
    }
  }

  function isThere(step: { readonly pods: readonly string[] }): boolean {
    return thereOf(step).length > 0
  }

  return {
    carryOut: step => carryOut(step).catch((cause: unknown) => ({ kind: 'failed', cause })),
  }
}

const DONE: Outcome = { kind: 'done' }
const GONE: Outcome = { kind: 'stale', why: 'none of its pods is there any more' }

// The next count moves the pod and ends the claim; one that nobody counts must not hold the room for long.
const PROMOTION_MS = 60_000
