/** What came of a replay, in the units people compare: GPU-hours, parts of a whole, milliseconds. */
import type { Rule, Step } from '../rebalance/plan.ts'
import { type Job, milliOf } from './job.ts'
import type { Entries, TierCounts } from './journal.ts'
import type { Curves, Reading, Window } from './meter.ts'
import { type Spread, spreadOf } from './spread.ts'
import type { World } from './world.ts'

export interface Figures {
  /** What is integrated over time is so within it; what is counted is counted over the whole replay. */
  readonly window: Window
  readonly gpus: number
  /** The mean part of all GPUs that were in use. */
  readonly utilisation: number
  /** GPU-hours in use, less those of pods that were evicted and started again. */
  readonly keptGpuHours: number
  /** Of the pods that ran in full, as the trace has them. */
  readonly doneGpuHours: number
  /** Over the whole replay: what was done, and what of it was lost. */
  readonly usedGpuHours: number
  readonly lostGpuHours: number
  readonly pods: PodFigures
  /** Reserved pods whose capacity was lent out when they came: how long it took to come back. */
  readonly owedWait: Spread
  /** Other reserved pods: how long no node had room of their shape. */
  readonly shapeWait: Spread
  /** All reserved pods from their creation to their node: with the time in which their tenant's own reservation was full. */
  readonly wholeWait: Spread
  readonly evicted: TierCounts
  /** Pods that were taken back, by the rule. */
  readonly evictedBy: ReadonlyMap<Rule, number>
  readonly steps: Readonly<Record<Step['kind'], number>>
  readonly plans: number
  /** Jain's index of weighted burst, the mean over the time in which somebody's burst was refused; null where nobody's ever was. */
  readonly fairness: number | null
  readonly curves: Curves
}

interface PodFigures {
  readonly asked: TierCounts
  /** Sooner or later. */
  readonly admitted: TierCounts
  /** At least once. */
  readonly refused: TierCounts
  /** For good: no quota or no node could ever hold them. */
  readonly barred: TierCounts
  readonly done: number
  /** Refused or without a node to the end. */
  readonly waiting: number
}

const GPU_HOUR = 1000 * 3_600_000

export function figuresOf(world: World): Figures {
  const reading: Reading = world.meter.read()
  const entries: Entries = world.journal.read()
  const { window, used, usedInWindow, lost, lostInWindow, fairness, curves } = reading
  const kinds = Map.groupBy(world.jobs, ({ stage }) => stage.kind)
  const count = (kind: 'done' | 'refused' | 'held') => kinds.get(kind)?.length ?? 0
  const { asked, admitted, refused, barred, reservedWaits, evicted, steps, plans, rules } = entries
  return {
    window,
    gpus: world.floor.totalMilli / 1000,
    utilisation: usedInWindow / (world.floor.totalMilli * Math.max(1, window.toMs - window.fromMs)),
    keptGpuHours: (usedInWindow - lostInWindow) / GPU_HOUR,
    doneGpuHours: workOf(kinds.get('done') ?? []) / GPU_HOUR,
    usedGpuHours: used / GPU_HOUR,
    lostGpuHours: lost / GPU_HOUR,
    pods: { asked, admitted, refused, barred, done: count('done'), waiting: count('refused') + count('held') },
    owedWait: spreadOf(reservedWaits.owed),
    shapeWait: spreadOf(reservedWaits.shape),
    wholeWait: spreadOf(reservedWaits.whole),
    evicted,
    evictedBy: rules,
    steps,
    plans,
    fairness,
    curves,
  }
}

/** In milli-GPU milliseconds. */
function workOf(jobs: readonly Job[]): number {
  return jobs.reduce((sum, job) => sum + milliOf(job) * job.pod.runMs, 0)
}
