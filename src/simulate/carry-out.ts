/** Carries out the steps of a plan in virtual time, as the rebalancer does in a cluster: through the ledger, notices and evictions. */
import { claimKey } from '../quota/claim.ts'
import { find } from '../quota/persistent-map.ts'
import type { Evict, Notify, Promote, Rescind, Step } from '../rebalance/plan.ts'
import type { Notice } from '../rebalance/snapshot.ts'
import { amountsOf, type HeldJob } from './job.ts'
import { wakeSoon } from './life.ts'
import { countIn, move } from './stage-change.ts'
import { RANK, type World } from './world.ts'

/** Kubernetes' own terminationGracePeriodSeconds: until then an evicted pod keeps its GPUs. */
const GRACE_MS = 30_000

/** How long a pod's claim in another tier lasts: its label changes in the same moment. */
const PROMOTION_MS = 60_000

export function carryOut(world: World, tree: string, step: Step, nowMs: number): void {
  switch (step.kind) {
    case 'promote':
      promote(world, tree, step, nowMs)
      break
    case 'lapse':
      world.desk.amend(tree, { kind: 'lapse', gang: step.gang }, nowMs)
      break
    case 'hold':
      world.desk.amend(tree, { kind: 'claim', claim: step.claim }, nowMs)
      for (const className of step.claim.amounts.keys()) wakeSoon(world, className, nowMs)
      break
    case 'notify':
      tell(world, step, { deadlineMs: step.deadlineMs, need: step.need }, nowMs)
      break
    case 'rescind':
      tell(world, step, null, nowMs)
      break
    case 'evict':
      evict(world, step, nowMs)
      break
  }
}

/** First the room in the better tier is the pod's, then its label changes: whoever lost the room to somebody else stays what it is. */
function promote(world: World, tree: string, { pods, tenant, to }: Promote, nowMs: number): void {
  for (const job of jobsOf(world, pods)) {
    const heldFor = { kind: 'pod', uid: job.stage.uid } as const
    const amounts = amountsOf(job, job.stage.class)
    const claim = { tenant, tier: to, amounts, heldFor, untilMs: nowMs + PROMOTION_MS }
    world.desk.amend(tree, { kind: 'claim', claim }, nowMs)
    if (find(world.desk.book(tree, nowMs).ledger.claims, claimKey(tenant, heldFor)) === undefined) continue
    move(world, job, { ...job.stage, tier: to }, nowMs)
    countIn(world, job)
    world.desk.count(tree, nowMs)
  }
}

function tell(world: World, { pods }: Notify | Rescind, notice: Notice | null, nowMs: number): void {
  for (const job of jobsOf(world, pods)) move(world, job, { ...job.stage, notice }, nowMs)
}

function evict(world: World, { pods }: Evict, nowMs: number): void {
  for (const job of jobsOf(world, pods)) {
    if (job.stage.isLeaving) continue
    move(world, job, { ...job.stage, isLeaving: true }, nowMs)
    world.timeline.enter(nowMs + GRACE_MS, RANK.leave, { kind: 'leave', job, uid: job.stage.uid })
  }
}

function jobsOf(world: World, uids: readonly string[]): readonly HeldJob[] {
  return uids.flatMap(uid => world.held.get(uid) ?? [])
}
