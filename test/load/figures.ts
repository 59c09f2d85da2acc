/** What happened during a load, counted. */

export interface Figures {
  count(what: string, times?: number): void
  /** Keeps the highest. */
  most(what: string, value: number): void
  took(ms: number): void
  readonly counts: ReadonlyMap<string, number>
  /** How long answers took, in ms of virtual time, sorted. */
  answerMs(): readonly number[]
}

export function figures(): Figures {
  const counts = new Map<string, number>()
  const took: number[] = []
  return {
    counts,
    count: (what, times = 1) => void counts.set(what, (counts.get(what) ?? 0) + times),
    most: (what, value) => void counts.set(what, Math.max(counts.get(what) ?? 0, value)),
    took: ms => void took.push(ms),
    answerMs: () => took.toSorted((a, b) => a - b),
  }
}
