/** The state of a replay at one moment of virtual time. */
import type { Quotas } from '../quota/tiers.ts'
import type { Plan } from '../rebalance/plan.ts'
import type { ReclaimTerms, Snapshot } from '../rebalance/snapshot.ts'
import type { Issue } from '../schema/parsed.ts'
import { type Desk, openDesk } from './desk.ts'
import { type Floor, floorOf } from './floor.ts'
import { type HeldJob, type Job, newJob } from './job.ts'
import { type Journal, newJournal } from './journal.ts'
import { type Line, newLine } from './line.ts'
import { type Meter, meterOver, type Window } from './meter.ts'
import type { OwnedPod } from './tenancy.ts'
import { type Timeline, timeline } from './timeline.ts'
import type { TraceNode } from './trace/trace.ts'

/** What is replayed, under which quotas, and who moves capacity. */
export interface Scene {
  readonly quotas: Quotas
  readonly terms: ReadonlyMap<string, ReclaimTerms>
  /** In the order in which they come. */
  readonly pods: readonly OwnedPod[]
  readonly nodes: readonly TraceNode[]
  /** By model. */
  readonly classOf: ReadonlyMap<string, string>
  /** null: nothing that was lent is taken back. */
  readonly rebalancer: Rebalancer | null
}

export interface Rebalancer {
  planOf(snapshot: Snapshot): Plan
  /** By the checker, which shares nothing with the planner. */
  planIssues(snapshot: Snapshot, plan: Plan): readonly Issue[]
}

/** `atMs` and `uid` tell a retry or an end that is still due from one that another step has overtaken. */
export type Event =
  | { readonly kind: 'arrive'; readonly job: Job }
  | { readonly kind: 'retry'; readonly job: Job; readonly atMs: number }
  | { readonly kind: 'end'; readonly job: Job; readonly uid: string }
  | { readonly kind: 'leave'; readonly job: Job; readonly uid: string }
  | { readonly kind: 'wake'; readonly class: string }
  | { readonly kind: 'turn'; readonly atMs: number }

/** Of what happens in one moment, room is made first, then come those who arrive, who try again, who are woken, and then the leader. */
export const RANK = { leave: 0, arrive: 1, retry: 2, wake: 3, turn: 4 } as const

export interface World {
  readonly scene: Scene
  readonly jobs: readonly Job[]
  readonly desk: Desk
  readonly floor: Floor
  readonly timeline: Timeline<Event>
  readonly meter: Meter
  readonly journal: Journal
  /** By UID. */
  readonly held: Map<string, HeldJob>
  /** Admitted, and without a node. */
  readonly waiting: Line<HeldJob>
  readonly refused: Line<Job>
  /** Classes whose refused are about to be woken. */
  readonly wakes: Set<string>
  /** When capacity last returned. */
  roomMadeAtMs: number
  /** Something happened that may be a need, or meet one; in a hurry where what is owed to somebody is with others. */
  changed(nowMs: number, isHasty: boolean): void
}

export function newWorld(scene: Scene, window: Window, changed: World['changed']): World {
  const { quotas, nodes, pods, classOf } = scene
  const weights = new Map(
    [...quotas.treeOfTenant].map(([name, { tenants }]) => [name, Number(tenants.get(name)?.spec.weight.nanos ?? 0n)]),
  )
  return {
    scene,
    jobs: pods.map(newJob),
    desk: openDesk(quotas),
    floor: floorOf(nodes, model => classOf.get(model) ?? model),
    timeline: timeline(),
    meter: meterOver(window, weights),
    journal: newJournal(),
    held: new Map(),
    waiting: newLine(),
    refused: newLine(),
    wakes: new Set(),
    roomMadeAtMs: 0,
    changed,
  }
}
