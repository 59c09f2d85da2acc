/** A store that keeps ledgers as text, as the API server does: what is read is never the value that was written. */
import assert from 'node:assert/strict'
import { ledgerReader, ledgerText } from '../../src/quota/ledger-text.ts'
import type { LedgerStore } from '../../src/quota/versions.ts'

export function throughText(store: LedgerStore): LedgerStore {
  return {
    async read(tree) {
      const { version, value } = await store.read(tree)
      const ledger = ledgerReader().read(ledgerText(value))
      assert.ok(ledger.ok, 'a ledger was stored that cannot be read')
      return { version, value: ledger.value }
    },
    replace: store.replace,
  }
}
