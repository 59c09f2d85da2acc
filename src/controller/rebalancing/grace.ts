/** Who is on its way out, and how long an eviction gives it. */
import { MOST_ENDING_SECONDS } from '../../rebalance/snapshot.ts'

/** Clocks of the leader and of the API server differ by less. */
const CLOCKS_APART_MS = 30_000

/** The grace an eviction gives to a pod of this grace. Where a deletion is under way with more, the API server shortens it to this. */
export function graceOfEviction(ownSeconds: number): number {
  return Math.min(ownSeconds, MOST_ENDING_SECONDS)
}

/** Whether it will soon hold nothing. Who is being deleted and may take longer is a victim like any other. */
export function isLeaving(goneByMs: number | null, nowMs: number): boolean {
  return goneByMs !== null && goneByMs <= nowMs + MOST_ENDING_SECONDS * 1_000 + CLOCKS_APART_MS
}
