/** A ledger store over one that stores texts, such as the API server. */
import { formatIssue, type Parsed, parsed } from '../schema/parsed.ts'
import type { Ledger } from './ledger.ts'
import { type LedgerReader, ledgerReader, ledgerText } from './ledger-text.ts'
import type { LedgerStore, Versioned } from './versions.ts'

/** The same compare-and-swap contract as a ledger store's, on texts. */
export interface TextStore {
  /** The text of a tree as it is now; an empty one if there is none yet. */
  read(tree: string): Promise<Versioned<string>>
  replace(tree: string, current: string, next: string): Promise<Versioned<string> | 'conflict'>
  newest?(tree: string): Versioned<string> | undefined
}

/** Reads each version of each tree once. Throws on a text that cannot be read: nothing may be decided on half a ledger. */
export function textStore(texts: TextStore): LedgerStore {
  const known = new Map<string, { readonly reader: LedgerReader; readonly last: Versioned<Ledger> }>()

  const remember = (tree: string, last: Versioned<Ledger>, reader = known.get(tree)?.reader ?? ledgerReader()) => {
    known.set(tree, { reader, last })
    return last
  }

  const readText = (tree: string, { version, value: text }: Versioned<string>): Parsed<Versioned<Ledger>> => {
    const before = known.get(tree)
    if (before?.last.version === version) return parsed(before.last)
    const reader = before?.reader ?? ledgerReader()
    const ledger = reader.read(text)
    return ledger.ok ? parsed(remember(tree, { version, value: ledger.value }, reader)) : ledger
  }

  return {
    async read(tree) {
      const ledger = readText(tree, await texts.read(tree))
      if (!ledger.ok) throw new Error(`the ledger of ${tree}: ${ledger.issues.map(formatIssue).join('; ')}`)
      return ledger.value
    },
    newest(tree) {
      const heard = texts.newest?.(tree)
      if (heard === undefined) return undefined
      const ledger = readText(tree, heard)
      // Whoever has to decide will read it, and be told why it cannot be read.
      return ledger.ok ? ledger.value : undefined
    },
    async replace(tree, { version }, next) {
      const written = await texts.replace(tree, version, ledgerText(next))
      return written === 'conflict' ? written : remember(tree, { version: written.version, value: next })
    },
  }
}
