/** Jobs by the class they ask for, those that came first first. */
import { type Job, milliOf } from './job.ts'

export interface Line<J extends Job> {
  join(className: string, job: J): void
  leave(className: string, job: Job): void
  of(className: string): Iterable<J>
  all(): Iterable<J>
  /** Milli-GPUs that all of a class ask for. */
  milliOf(className: string): number
  isEmpty(): boolean
}

export function newLine<J extends Job>(): Line<J> {
  const lines = new Map<string, Map<Job, J>>()
  const sums = new Map<string, number>()
  const shift = (className: string, milli: number) => void sums.set(className, (sums.get(className) ?? 0) + milli)
  return {
    join(className, job) {
      const line = lines.get(className) ?? new Map<Job, J>()
      lines.set(className, line)
      if (line.has(job)) return
      line.set(job, job)
      shift(className, milliOf(job))
    },
    leave(className, job) {
      if (lines.get(className)?.delete(job)) shift(className, -milliOf(job))
    },
    of: className => lines.get(className)?.values() ?? [],
    *all() {
      for (const line of lines.values()) yield* line.values()
    },
    milliOf: className => sums.get(className) ?? 0,
    isEmpty: () => lines.values().every(line => line.size === 0),
  }
}
