/** What a comparison shows, one measure a row: its name, and what it is in a run, in words. */
import { TIERS } from '../../schema/parts.ts'
import type { Figures } from '../../simulate/figures.ts'
import type { TierCounts } from '../../simulate/journal.ts'
import type { Spread } from '../../simulate/spread.ts'

export interface Measure {
  readonly name: string
  readonly of: (figures: Figures) => string
}

export const MEASURES: readonly Measure[] = [
  { name: 'GPU utilisation', of: ({ utilisation }) => percent(utilisation) },
  { name: 'GPU-hours kept', of: ({ keptGpuHours }) => hours(keptGpuHours) },
  { name: 'GPU-hours lost to evictions', of: ({ lostGpuHours }) => hours(lostGpuHours) },
  { name: 'reserved pods whose capacity was lent out', of: ({ owedWait }) => String(owedWait.all) },
  { name: '  had to wait for it', of: ({ owedWait }) => String(owedWait.waited) },
  { name: '  p50 / p99 / longest wait', of: ({ owedWait }) => spread(owedWait) },
  { name: 'other reserved pods that no node had room for', of: ({ shapeWait }) => String(shapeWait.waited) },
  { name: '  p50 / p99 / longest wait', of: ({ shapeWait }) => spread(shapeWait) },
  ...TIERS.map(tier => ({
    name: `admitted ${tier}`,
    of: ({ pods }: Figures) => `${pods.admitted[tier]} of ${pods.asked[tier]}`,
  })),
  ...TIERS.map(tier => ({ name: `refused at first ${tier}`, of: ({ pods }: Figures) => String(pods.refused[tier]) })),
  { name: 'could never run', of: ({ pods }) => byTier(pods.barred) },
  { name: 'evictions', of: ({ evicted }) => evictions(evicted) },
  { name: 'promotions', of: ({ steps }) => String(steps.promote) },
  { name: 'fairness of burst (Jain)', of: ({ fairness }) => (fairness === null ? '-' : fairness.toFixed(3)) },
  { name: 'plans', of: ({ plans }) => String(plans) },
]

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`
}

function hours(gpuHours: number): string {
  return gpuHours.toFixed(1)
}

function spread({ waited, p50Ms, p99Ms, maxMs }: Spread): string {
  return waited === 0 ? '-' : [p50Ms, p99Ms, maxMs].map(duration).join(' / ')
}

function byTier(counts: TierCounts): string {
  const some = TIERS.filter(tier => counts[tier] > 0)
  return some.length === 0 ? '0' : some.map(tier => `${counts[tier]} ${tier}`).join(', ')
}

function evictions(evicted: TierCounts): string {
  return evicted.shared === 0 ? String(evicted.burst) : `${evicted.burst} burst, ${evicted.shared} shared`
}

/** `45 s`, `3 m 20 s`, `2 h 5 m`. */
function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} m`
}
