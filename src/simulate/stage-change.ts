/** What every change of a job goes through, so that nothing is changed and not measured, or not counted. */
import { amountsOf, type HeldJob, type Job, type Stage } from './job.ts'
import type { World } from './world.ts'

/** Puts the job in another stage. */
export function move(world: World, job: Job, stage: Stage, nowMs: number): void {
  world.meter.moved(job, stage, nowMs)
  world.journal.moved(job, stage)
  const isNews = stage.kind !== 'refused' || job.stage.kind !== 'refused'
  job.stage = stage
  if (isNews) world.changed(nowMs, false)
}

/** The leader counts the pod as what it is now. */
export function countIn(world: World, job: HeldJob): void {
  const { uid, tier, class: className } = job.stage
  world.desk.seen({ uid, tenant: job.pod.tenant, tier, amounts: amountsOf(job, className), gang: null })
}
