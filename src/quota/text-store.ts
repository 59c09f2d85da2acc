/** A ledger store over one that stores texts, such as the API server. */
import { formatIssue } from '../schema/parsed.ts'
import type { Ledger } from './ledger.ts'
import { type LedgerReader, ledgerReader, ledgerText } from './ledger-text.ts'
import type { LedgerStore, Versioned } from './versions.ts'

/** The same compare-and-swap contract as a ledger store's, on texts. */
export interface TextStore {
  /** The text of a tree as it is now; an empty one if there is none yet. */
  read(tree: string): Promise<Versioned<string>>
  replace(tree: string, current: string, next: string): Promise<Versioned<string> | 'conflict'>
}

/** Reads each version of each tree once. Throws on a text that cannot be read: nothing may be decided on half a ledger. */
export function textStore(texts: TextStore): LedgerStore {
  const known = new Map<string, { readonly reader: LedgerReader; readonly last: Versioned<Ledger> }>()

  const remember = (tree: string, last: Versioned<Ledger>, reader = known.get(tree)?.reader ?? ledgerReader()) => {
    known.set(tree, { reader, last })
    return last
  }

  return {
    async read(tree) {
      const { version, value: text } = await texts.read(tree)
      const before = known.get(tree)
      if (before?.last.version === version) return before.last
      const reader = before?.reader ?? ledgerReader()
      const ledger = reader.read(text)
      if (!ledger.ok) throw new Error(`the ledger of ${tree}: ${ledger.issues.map(formatIssue).join('; ')}`)
      return remember(tree, { version, value: ledger.value }, reader)
    },
    async replace(tree, { version }, next) {
      const written = await texts.replace(tree, version, ledgerText(next))
      return written === 'conflict' ? written : remember(tree, { version: written.version, value: next })
    },
  }
}
