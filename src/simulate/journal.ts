/** What happened to whom: counts and waits, over the whole replay. */
import type { Plan, Rule, Step } from '../rebalance/plan.ts'
import type { Tier } from '../schema/parts.ts'
import type { HeldJob, Job, Stage } from './job.ts'

export interface Journal {
  /** A job is about to go to another stage. */
  moved(job: Job, after: Stage): void
  /** A pod is put on a node. */
  started(job: HeldJob, nowMs: number): void
  evicted(job: HeldJob): void
  /** A plan was carried out. */
  planned(plan: Plan): void
  read(): Entries
}

export interface Entries {
  /** Jobs by what their pods asked for, once each however often it happened to them. */
  readonly asked: TierCounts
  readonly admitted: TierCounts
  readonly refused: TierCounts
  readonly barred: TierCounts
  readonly reservedWaits: ReservedWaits
  /** Pods by the tier they were evicted from. */
  readonly evicted: TierCounts
  readonly plans: number
  /** Pods that steps were taken for, by the kind of step. */
  readonly steps: Readonly<Record<Step['kind'], number>>
  readonly rules: ReadonlyMap<Rule, number>
}

/** Of every reserved pod, in milliseconds. */
interface ReservedWaits {
  /** From its admission to its node, where what is owed to it was lent out when it came. */
  readonly owed: readonly number[]
  /** The same where it was not: there was room enough, and none of its shape. */
  readonly shape: readonly number[]
  /** From when it was first created. */
  readonly whole: readonly number[]
}

export type TierCounts = Readonly<Record<Tier, number>>

export function newJournal(): Journal {
  const jobs = { asked: new Set<Job>(), admitted: new Set<Job>(), refused: new Set<Job>(), barred: new Set<Job>() }
  const waits = { owed: [] as number[], shape: [] as number[], whole: [] as number[] }
  const evicted = { reserved: 0, shared: 0, burst: 0 }
  const steps = { promote: 0, lapse: 0, hold: 0, notify: 0, evict: 0, rescind: 0 }
  const rules = new Map<Rule, number>()
  let plans = 0

  return {
    moved(job, after) {
      jobs.asked.add(job)
      if (after.kind === 'held') jobs.admitted.add(job)
      else if (after.kind === 'refused') jobs.refused.add(job)
      else if (after.kind === 'barred') jobs.barred.add(job)
    },
    started(job, nowMs) {
      if (job.pod.tier !== 'reserved') return
      const { isOwed, admittedAtMs } = job.stage
      waits[isOwed ? 'owed' : 'shape'].push(nowMs - admittedAtMs)
      waits.whole.push(nowMs - job.pod.createdAtMs)
    },
    evicted(job) {
      evicted[job.stage.tier] += 1
    },
    planned(plan) {
      plans += 1
      for (const step of plan.steps) {
        steps[step.kind] += podsOf(step)
        if (step.kind === 'evict') rules.set(step.rule, (rules.get(step.rule) ?? 0) + podsOf(step))
      }
    },
    read: () => ({
      asked: byTier(jobs.asked),
      admitted: byTier(jobs.admitted),
      refused: byTier(jobs.refused),
      barred: byTier(jobs.barred),
      reservedWaits: waits,
      evicted,
      plans,
      steps,
      rules,
    }),
  }
}

function podsOf(step: Step): number {
  return step.kind === 'hold' || step.kind === 'lapse' ? 1 : step.pods.length
}

function byTier(jobs: Iterable<Job>): TierCounts {
  const counts = { reserved: 0, shared: 0, burst: 0 }
  for (const { pod } of jobs) counts[pod.tier] += 1
  return counts
}
