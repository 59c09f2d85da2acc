/**
 * Replays a trace in virtual time under the quotas of a cluster, with the engine that admits in a cluster and the planner that moves
 * capacity there. The same scene gives the same outcome.
 */
import { type Figures, figuresOf } from './figures.ts'
import { attempt, end, leave, wakeRefused } from './life.ts'
import type { Window } from './meter.ts'
import { type Leader, leader, type Rejection } from './turn.ts'
import { type Event, newWorld, RANK, type Scene, type World } from './world.ts'

export interface Outcome {
  readonly figures: Figures
  /** Plans that were found to be wrong, and not carried out. */
  readonly rejections: readonly Rejection[]
}

/** `progress` is told which part of the pods has come, from 0 to 1: what follows is quick. */
export function replay(scene: Scene, progress: (part: number) => void = () => {}): Outcome {
  const lead = scene.rebalancer === null ? null : leader(scene.rebalancer)
  const world: World = newWorld(scene, busyWindow(scene), (nowMs, isHasty) => {
    lead?.called(world, nowMs, isHasty)
  })
  for (const job of world.jobs) world.timeline.enter(job.pod.createdAtMs, RANK.arrive, { kind: 'arrive', job })

  const toCome = { count: world.jobs.length }
  for (let moment = world.timeline.next(); moment !== undefined; moment = world.timeline.next()) {
    const { event, atMs } = moment
    if (event.kind === 'arrive') progress((world.jobs.length - --toCome.count) / world.jobs.length)
    handle(world, lead, event, atMs)
    if (toCome.count === 0 && isOver(world, atMs)) break
  }
  return { figures: figuresOf(world), rejections: lead?.rejections() ?? [] }
}

/**
 * The busy part: from when the first twentieth of the pods had come to when the last twentieth began to. Before, a cluster fills that is
 * never empty; after, it drains.
 */
function busyWindow({ pods }: Scene): Window {
  const at = (index: number) => pods[index]?.createdAtMs ?? 0
  const twentieth = Math.floor(pods.length / 20)
  return { fromMs: at(twentieth), toMs: at(pods.length - 1 - twentieth) }
}

/** Nobody runs, nobody will, and whoever is still refused has asked since the last room was made. */
function isOver({ held, desk, refused, roomMadeAtMs }: World, nowMs: number): boolean {
  if (held.size > 0 || desk.trees.some(tree => desk.book(tree, nowMs).ledger.claims.size > 0)) return false
  return [...refused.all()].every(({ stage }) => stage.kind === 'refused' && stage.lastMs > roomMadeAtMs)
}

function handle(world: World, lead: Leader | null, event: Event, nowMs: number): void {
  switch (event.kind) {
    case 'arrive':
      attempt(world, event.job, nowMs)
      break
    case 'retry': {
      const { stage } = event.job
      if (stage.kind === 'refused' && stage.retryAtMs === event.atMs) attempt(world, event.job, nowMs)
      break
    }
    case 'end':
      end(world, event.job, event.uid, nowMs)
      break
    case 'leave':
      leave(world, event.job, event.uid, nowMs)
      break
    case 'wake':
      wakeRefused(world, event.class, nowMs)
      break
    case 'turn':
      lead?.take(world, nowMs)
      break
  }
}
