/**
 * What becomes of a job, step by step: it asks, is charged or refused, finds a node, runs, ends, or is evicted and asks again. Every step
 * changes the books, the floor and the meter together.
 */
import { ZERO } from '../quantity/amount.ts'
import { available } from '../quota/usage.ts'
import type { Tier } from '../schema/parts.ts'
import { retryAfterMs } from './back-off.ts'
import { askOf, type Held, type HeldJob, isHeld, type Job, type Refused, type Stage } from './job.ts'
import { chosenClass } from './model-choice.ts'
import { seatThoseWho } from './seating.ts'
import { countIn, move } from './stage-change.ts'
import { wake } from './waking.ts'
import { RANK, type World } from './world.ts'

/** Between the capacity that returns and those who are woken for it: a controller that is touched takes about as long. */
const WAKE_MS = 1_000

/** Its controller creates a pod: for the first time, again after a refusal, or in the place of one that was evicted. */
export function attempt(world: World, job: Job, nowMs: number): void {
  const { desk, scene, floor, refused } = world
  const { tenant, namespace, name } = job.pod
  const book = desk.book(desk.treeOf(tenant), nowMs)
  job.class ??= chosenClass(job, { book, floor, classOf: scene.classOf, queued: refused.milliOf }) ?? null
  if (job.class === null) {
    move(world, job, { kind: 'barred' }, nowMs)
    return
  }

  const uid = `${name}.${job.lives + 1}`
  const outcome = desk.ask({ ...askOf(job, job.class), uid, namespace }, nowMs)
  switch (outcome.kind) {
    case 'charged':
      admit(world, job, { uid, class: job.class, tier: outcome.charge.tier }, nowMs)
      break
    case 'refused':
      refuse(world, job, job.class, nowMs)
      break
    case 'barred':
      move(world, job, { kind: 'barred' }, nowMs)
      break
  }
}

/** Whether its tree holds more than there is, now that it is charged: what is reserved and shared is given although it is lent out. */
function isOwed(world: World, { pod }: Job, className: string, tier: Tier, nowMs: number): boolean {
  const { total, quota } = world.desk.book(world.desk.treeOf(pod.tenant), nowMs)
  const leaf = quota.tenants.get(pod.tenant)?.leaves[tier]
  return leaf !== undefined && available(total, leaf, className) < ZERO
}

function admit(
  world: World,
  job: Job,
  { uid, class: className, tier }: Pick<Held, 'uid' | 'class' | 'tier'>,
  nowMs: number,
): void {
  world.refused.leave(className, job)
  job.lives += 1
  const stage: Held = {
    kind: 'held',
    uid,
    class: className,
    tier,
    admittedAtMs: nowMs,
    isOwed: isOwed(world, job, className, tier, nowMs),
    run: null,
    notice: null,
    isLeaving: false,
  }
  move(world, job, stage, nowMs)
  const held = Object.assign(job, { stage })
  world.held.set(uid, held)
  world.waiting.join(className, held)
  countIn(world, held)
  seatThoseWho(world, className, nowMs)
  if (held.stage.run === null && tier !== 'burst') world.changed(nowMs, true)
}

function refuse(world: World, job: Job, className: string, nowMs: number): void {
  const former = job.stage.kind === 'refused' ? job.stage : { sinceMs: nowMs, attempts: 0 }
  const attempts = former.attempts + 1
  const retryAtMs = nowMs + retryAfterMs(attempts)
  const stage: Refused = { kind: 'refused', sinceMs: former.sinceMs, lastMs: nowMs, attempts, retryAtMs }
  move(world, job, stage, nowMs)
  world.refused.join(className, job)
  world.timeline.enter(retryAtMs, RANK.retry, { kind: 'retry', job, atMs: retryAtMs })
}

/** Its containers have ended by themselves. */
export function end(world: World, job: Job, uid: string, nowMs: number): void {
  if (!isHeld(job) || job.stage.uid !== uid) return
  vacate(world, job, { kind: 'done' }, nowMs)
}

/** The grace of an eviction is over: its work is lost, and its controller creates another in its place. */
export function leave(world: World, job: Job, uid: string, nowMs: number): void {
  if (!isHeld(job) || job.stage.uid !== uid) return
  const { run } = job.stage
  world.journal.evicted(job)
  if (run !== null) world.meter.lost(job, nowMs - run.startedAtMs, nowMs)
  vacate(world, job, { kind: 'coming' }, nowMs)
  attempt(world, job, nowMs)
}

function vacate(world: World, job: HeldJob, after: Stage, nowMs: number): void {
  const { uid, class: className, run } = job.stage
  if (run === null) world.waiting.leave(className, job)
  else world.floor.leave(run.seat)
  world.held.delete(uid)
  world.roomMadeAtMs = nowMs
  move(world, job, after, nowMs)
  world.desk.gone({ uid, tenant: job.pod.tenant })
  seatThoseWho(world, className, nowMs)
  wakeSoon(world, className, nowMs)
}

export function wakeSoon(world: World, className: string, nowMs: number): void {
  if (world.wakes.has(className)) return
  world.wakes.add(className)
  world.timeline.enter(nowMs + WAKE_MS, RANK.wake, { kind: 'wake', class: className })
}

/** Those who were refused a class ask again, as far as there is room. */
export function wakeRefused(world: World, className: string, nowMs: number): void {
  world.wakes.delete(className)
  const byTree = Map.groupBy(world.refused.of(className), ({ pod }) => world.desk.treeOf(pod.tenant))
  for (const [tree, jobs] of byTree) {
    wake(
      className,
      jobs,
      () => world.desk.book(tree, nowMs),
      job => attempt(world, job, nowMs),
    )
  }
}
