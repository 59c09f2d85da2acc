/**
 * The leader's turns: in each, for every tree, snapshot, plan, check, carry out. A turn costs a plan, so one is taken only when something
 * has changed, or when time itself changes what a plan says.
 */
import { claims } from '../quota/ledger.ts'
import type { Plan } from '../rebalance/plan.ts'
import type { Issue } from '../schema/parsed.ts'
import { carryOut } from './carry-out.ts'
import { type Eviction, HOUR_MS, snapshotOf } from './snapshot-of.ts'
import { RANK, type Rebalancer, type World } from './world.ts'

/** Between two turns: pods are counted so often. */
const USUAL_MS = 30_000

/** Between two turns when somebody waits for what is owed to them. */
const HASTY_MS = 1_000

/** When it is looked again at a need whose victims are protected: their minimum run goes by, or an hour's budget. */
const PROTECTED_MS = 60_000

export interface Leader {
  /** Something has changed; in a hurry where somebody waits for what is owed to them. */
  called(world: World, nowMs: number, isHasty: boolean): void
  take(world: World, nowMs: number): void
  rejections(): readonly Rejection[]
}

/** The checker found a plan to be wrong: a bug of it, or of the planner. Nothing of such a plan is carried out. */
export interface Rejection {
  readonly tree: string
  readonly atMs: number
  readonly issues: readonly Issue[]
}

export function leader(rebalancer: Rebalancer): Leader {
  const rejections: Rejection[] = []
  let evictions: readonly Eviction[] = []
  let lastMs = Number.NEGATIVE_INFINITY
  let dueMs = Number.POSITIVE_INFINITY

  function callAt(world: World, atMs: number): void {
    if (atMs >= dueMs) return
    dueMs = atMs
    world.timeline.enter(atMs, RANK.turn, { kind: 'turn', atMs })
  }

  function planFor(world: World, tree: string, nowMs: number): void {
    world.desk.count(tree, nowMs)
    const snapshot = snapshotOf(world, tree, evictions, nowMs)
    const plan = rebalancer.planOf(snapshot)
    const issues = rebalancer.planIssues(snapshot, plan)
    if (issues.length > 0) rejections.push({ tree, atMs: nowMs, issues })
    else {
      for (const step of plan.steps) carryOut(world, tree, step, nowMs)
      evictions = [...evictions.filter(({ atMs }) => atMs > nowMs - HOUR_MS), ...fairEvictions(plan, nowMs)]
      world.journal.planned(plan)
    }
    const looks = [...deadlines(world, tree, nowMs), ...(isProtected(plan) ? [nowMs + PROTECTED_MS] : [])]
    for (const atMs of looks) callAt(world, Math.max(atMs, nowMs + HASTY_MS))
  }

  return {
    called: (world, nowMs, isHasty) => callAt(world, Math.max(nowMs, lastMs + (isHasty ? HASTY_MS : USUAL_MS))),
    take(world, nowMs) {
      // One that was called sooner has taken its place.
      if (nowMs < dueMs) return
      lastMs = nowMs
      dueMs = Number.POSITIVE_INFINITY
      for (const tree of world.desk.trees) planFor(world, tree, nowMs)
    },
    rejections: () => rejections,
  }
}

function fairEvictions({ steps }: Plan, atMs: number): readonly Eviction[] {
  return steps.flatMap(step => {
    const isFairness = step.kind === 'evict' && step.rule === 'above-fair-share'
    return isFairness ? step.pods.map(() => ({ tenant: step.tenant, atMs })) : []
  })
}

/** When a plan would say something else although nothing happens. */
function deadlines(world: World, tree: string, nowMs: number): readonly number[] {
  const notices = world.held.values().flatMap(({ stage }) => {
    return stage.notice === null || stage.isLeaving ? [] : [stage.notice.deadlineMs]
  })
  return [...notices, ...claims(world.desk.book(tree, nowMs).ledger).map(({ untilMs }) => untilMs)]
}

function isProtected({ unmet }: Plan): boolean {
  return unmet.some(({ because }) => because === 'protected')
}
