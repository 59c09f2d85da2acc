/** What the tests of this folder share. */
import type { TracePod } from './trace/trace.ts'

/** A reserved pod of one GPU that comes at once and runs for ten minutes. */
export function podOf(name: string, more: Partial<TracePod> = {}): TracePod {
  return {
    name,
    namespace: null,
    at: 'pods.csv:2:1',
    tier: 'reserved',
    size: { gpus: 1, milliOfEach: 1000 },
    models: [],
    createdAtMs: 0,
    runMs: 600_000,
    ...more,
  }
}
