/** A ledger store within one process, with the same compare-and-swap contract as the one in a cluster. */
import { EMPTY_LEDGER, type Ledger } from './ledger.ts'
import type { LedgerStore, Versioned } from './versions.ts'

export function memoryStore(): LedgerStore {
  const stored = new Map<string, Versioned<Ledger>>()
  const latest = (tree: string) => stored.get(tree) ?? { version: '0', value: EMPTY_LEDGER }
  return {
    read: async tree => latest(tree),
    replace: async (tree, current, next) => {
      const { version } = latest(tree)
      if (version !== current.version) return 'conflict'
      const written = { version: String(BigInt(version) + 1n), value: next }
      stored.set(tree, written)
      return written
    },
  }
}
