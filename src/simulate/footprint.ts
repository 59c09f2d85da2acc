/** What a job is to the cluster at a moment, in milli-GPUs: what its pod uses, and what it would use if it could. */
import { type Job, milliOf, type Stage } from './job.ts'

export interface Footprint {
  /** On a node. */
  readonly inUse: number
  /** Asked for, and not on a node: refused, or admitted without one. */
  readonly waiting: number
  /** Of that, what is owed to whoever was admitted while it was lent out. */
  readonly owed: number
  /** Charged as burst. */
  readonly burst: number
  /** Refused as burst. */
  readonly burstWanted: number
}

const NONE: Footprint = { inUse: 0, waiting: 0, owed: 0, burst: 0, burstWanted: 0 }

export function footprintOf(job: Job, stage: Stage): Footprint {
  const milli = milliOf(job)
  switch (stage.kind) {
    case 'coming':
    case 'done':
    case 'barred':
      return NONE
    case 'refused':
      return { ...NONE, waiting: milli, burstWanted: job.pod.tier === 'burst' ? milli : 0 }
    case 'held': {
      const isRunning = stage.run !== null
      return {
        inUse: isRunning ? milli : 0,
        waiting: isRunning ? 0 : milli,
        owed: isRunning || !stage.isOwed || stage.tier !== 'reserved' ? 0 : milli,
        burst: stage.tier === 'burst' ? milli : 0,
        burstWanted: 0,
      }
    }
  }
}
