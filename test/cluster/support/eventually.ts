import { setTimeout as pause } from 'node:timers/promises'

const POLL_MS = 50
const PATIENCE_MS = 60_000

/**
 * Asks until there is an answer. Other processes tell nobody when they are done, so they are asked again and again; the patience
 * is no measure of speed but what ends a test that would never pass. `seen` is put into the error.
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  { patienceMs = PATIENCE_MS, seen = () => '' }: { readonly patienceMs?: number; readonly seen?: () => string } = {},
): Promise<T> {
  const untilMs = performance.now() + patienceMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > untilMs) throw new Error(`not within ${patienceMs / 1_000} s: ${what}\n${seen()}`.trimEnd())
    await pause(POLL_MS)
  }
}
