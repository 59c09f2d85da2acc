/**
 * How long a pod that ends may take. A tenant writes any grace into its pods, and deletes them with any other: a pod of a year's grace that
 * ignores SIGTERM runs on for that year, and would be no victim and its GPUs nobody's need, if all that is being deleted counted as gone.
 *
 * Ten minutes: enough to write the checkpoint of a large model, after a notice in which to do the same; and short enough for an owner to
 * wait for. Longer than most pods ask for, so that hardly any eviction cuts a grace short.
 */
const MOST_SECONDS = 600

/** Clocks of the leader and of the API server differ by less. */
const CLOCKS_APART_MS = 30_000

/** The grace an eviction gives to a pod of this grace. Where a deletion is under way with more, the API server shortens it to this. */
export function graceOfEviction(ownSeconds: number): number {
  return Math.min(ownSeconds, MOST_SECONDS)
}

/** Whether it will soon hold nothing. Who is being deleted and may take longer is a victim like any other. */
export function isLeaving(goneByMs: number | null, nowMs: number): boolean {
  return goneByMs !== null && goneByMs <= nowMs + MOST_SECONDS * 1_000 + CLOCKS_APART_MS
}
