/** The newest version of each ledger that was heard of, be it by reading, by writing or by the watch. */
import type { Versioned } from '../quota/versions.ts'
import type { Time } from './silence.ts'

export interface HeardText {
  /** Whether it is newer than what was known. */
  hear(tree: string, version: bigint, text: Versioned<string>): boolean
  forget(tree: string): void
  newest(tree: string): Versioned<string> | undefined
  /** Ends when something else than this version is the newest, or after that time. */
  newerThan(tree: string, version: string, withinMs: number): Promise<void>
  trees(): readonly string[]
}

export function heardTexts({ clock, timer }: Time): HeardText {
  const known = new Map<string, { readonly at: bigint; readonly text: Versioned<string> }>()
  const waiting = new Map<string, Set<() => void>>()

  return {
    hear(tree, at, text) {
      const before = known.get(tree)
      // Resource versions of one kind of object grow with time (KEP-5504), also when one is deleted and created again.
      if (before !== undefined && before.at >= at) return false
      known.set(tree, { at, text })
      for (const heard of waiting.get(tree) ?? []) heard()
      return true
    },
    forget: tree => void known.delete(tree),
    newest: tree => known.get(tree)?.text,
    async newerThan(tree, version, withinMs) {
      const newest = known.get(tree)?.text.version
      if (newest !== undefined && newest !== version) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const cancel = timer.at(clock.now() + withinMs, resolve)
      const waiters = waiting.get(tree) ?? new Set()
      waiting.set(tree, waiters.add(resolve))
      await promise
      waiters.delete(resolve)
      cancel()
    },
    trees: () => [...known.keys()],
  }
}
