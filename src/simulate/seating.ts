/** Who waits for a node gets one. */
import { TIERS } from '../schema/parts.ts'
import type { Seat } from './floor.ts'
import type { HeldJob } from './job.ts'
import { move } from './stage-change.ts'
import { RANK, type World } from './world.ts'

/** Seats whoever waits for a node of the class and finds one: the better tier first, then who was admitted first. */
export function seatThoseWho(world: World, className: string, nowMs: number): void {
  const waiting = [...world.waiting.of(className)]
  const tooLarge = { whole: Number.POSITIVE_INFINITY, part: Number.POSITIVE_INFINITY }
  for (const job of TIERS.flatMap(tier => waiting.filter(({ stage }) => stage.tier === tier && !stage.isLeaving))) {
    const { gpus, milliOfEach } = job.pod.size
    const kind = milliOfEach < 1000 ? 'part' : 'whole'
    const size = kind === 'part' ? milliOfEach : gpus
    if (size >= tooLarge[kind]) continue
    const seat = world.floor.sit(className, job.pod.size)
    if (seat === undefined) tooLarge[kind] = size
    else start(world, job, seat, nowMs)
  }
}

function start(world: World, job: HeldJob, seat: Seat, nowMs: number): void {
  const { uid, class: className } = job.stage
  world.waiting.leave(className, job)
  world.journal.started(job, nowMs)
  move(world, job, { ...job.stage, run: { seat, startedAtMs: nowMs } }, nowMs)
  world.timeline.enter(nowMs + job.pod.runMs, RANK.leave, { kind: 'end', job, uid })
}
