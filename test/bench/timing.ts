/** How long things take, told as medians of rounds so that a neighbour on the machine spoils some and not the figure. */
import { median } from './statistics.ts'

const ROUNDS = 15
// Long enough for the compiler to have made up its mind.
const WARM_UP_MS = 400

/** Microseconds of one of the calls that `round` makes. What it prepares before the first call is not timed. */
export function microsecondsPerCall(round: () => { readonly calls: number; run: () => unknown }): number {
  const untilMs = performance.now() + WARM_UP_MS
  while (performance.now() < untilMs) timed(round)
  return median(Array.from({ length: ROUNDS }, () => timed(round)))
}

function timed(round: () => { readonly calls: number; run: () => unknown }): number {
  const { calls, run } = round()
  const before = performance.now()
  kept.push(run())
  const tookMs = performance.now() - before
  kept.length = 0
  return (tookMs * 1000) / calls
}

// What nobody looks at might never be computed.
const kept: unknown[] = []
