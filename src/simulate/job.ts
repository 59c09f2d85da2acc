/** One pod of the trace and whatever its controller creates in its place, from its first appearance to its end. */
import { amount } from '../quantity/amount.ts'
import { ownerBits } from '../quota/claim.ts'
import type { Ask } from '../quota/decide.ts'
import type { Amounts } from '../quota/usage.ts'
import type { Notice } from '../rebalance/snapshot.ts'
import type { Tier } from '../schema/parts.ts'
import type { Seat } from './floor.ts'
import type { OwnedPod } from './tenancy.ts'
import { millis } from './trace/trace.ts'

export interface Job {
  readonly pod: OwnedPod
  /** The bits by which it draws on what is claimed for it. */
  readonly owner: string
  /** Replaced as a whole whenever something happens to it. */
  stage: Stage
  /** The class it asks for from its first attempt on, as a person writes one model down. */
  class: string | null
  /** How often it was admitted. */
  lives: number
}

export type Stage = Coming | Refused | Held | { readonly kind: 'done' } | { readonly kind: 'barred' }

interface Coming {
  readonly kind: 'coming'
}

/** Its controller tries again. */
export interface Refused {
  readonly kind: 'refused'
  readonly sinceMs: number
  readonly lastMs: number
  /** In a row. */
  readonly attempts: number
  readonly retryAtMs: number
}

/** Admitted: charged, and on a node or waiting for one. */
export interface Held {
  readonly kind: 'held'
  readonly uid: string
  readonly class: string
  readonly tier: Tier
  readonly admittedAtMs: number
  /** What it was given was in use by others when it was admitted: they hold more than there is, with it. */
  readonly isOwed: boolean
  readonly run: Run | null
  readonly notice: Notice | null
  readonly isLeaving: boolean
}

interface Run {
  readonly seat: Seat
  readonly startedAtMs: number
}

export interface HeldJob extends Job {
  stage: Held
}

export function newJob(pod: OwnedPod): Job {
  return { pod, owner: ownerBits(pod.namespace, pod.name), stage: { kind: 'coming' }, class: null, lives: 0 }
}

export function isHeld(job: Job): job is HeldJob {
  return job.stage.kind === 'held'
}

export function milliOf({ pod }: Job): number {
  return millis(pod.size)
}

export function amountsOf(job: Job, className: string): Amounts {
  return new Map([[className, amount(milliOf(job))]])
}

export function askOf(job: Job, className: string): Ask {
  const { tenant, tier } = job.pod
  return { tenant, tier, demand: amountsOf(job, className), owner: job.owner }
}
