/** A comparison as scripts read it: see docs/simulate.md. GPU-hours and parts of a whole are numbers, times are in seconds. */
import type { Curves } from '../../simulate/meter.ts'
import type { Spread } from '../../simulate/spread.ts'
import type { Scenes } from './scenes.ts'
import type { Run } from './simulate.ts'

export function simulationJson({ trace, scale, isBuilt }: Scenes, runs: readonly Run[]) {
  return {
    trace: { pods: trace.pods.length, withoutGpus: trace.withoutGpus },
    scale,
    isClusterBuilt: isBuilt,
    runs: runs.map(runJson),
  }
}

function runJson({ name, figures, rejections }: Run) {
  const {
    window,
    gpus,
    utilisation,
    keptGpuHours,
    usedGpuHours,
    lostGpuHours,
    pods,
    evicted,
    evictedBy,
    steps,
    plans,
    fairness,
  } = figures
  return {
    name,
    window: { fromSeconds: window.fromMs / 1000, toSeconds: window.toMs / 1000 },
    gpus,
    utilisation: rounded(utilisation),
    keptGpuHours: rounded(keptGpuHours),
    doneGpuHours: rounded(figures.doneGpuHours),
    usedGpuHours: rounded(usedGpuHours),
    lostGpuHours: rounded(lostGpuHours),
    pods,
    owedWait: spreadJson(figures.owedWait),
    shapeWait: spreadJson(figures.shapeWait),
    wholeWait: spreadJson(figures.wholeWait),
    evicted,
    evictedBy: Object.fromEntries(evictedBy),
    steps,
    plans,
    rejectedPlans: rejections.length,
    fairness: roundedOrNull(fairness),
    curves: curvesJson(figures.curves),
  }
}

function spreadJson({ all, waited, p50Ms, p99Ms, maxMs }: Spread) {
  return { all, waited, p50Seconds: p50Ms / 1000, p99Seconds: p99Ms / 1000, maxSeconds: maxMs / 1000 }
}

/** GPUs, and an index. */
function curvesJson({ inUse, waiting, owed, fairness }: Curves) {
  const gpus = (curve: readonly number[]) => curve.map(milli => rounded(milli / 1000))
  return { inUse: gpus(inUse), waiting: gpus(waiting), owed: gpus(owed), fairness: fairness.map(roundedOrNull) }
}

function roundedOrNull(value: number | null): number | null {
  return value === null ? null : rounded(value)
}

// Six digits: sums of floating-point numbers end in noise that nobody should compare.
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
