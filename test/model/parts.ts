/** What a model is put together from: the real parts, or one of them with a flaw that the checks must find. */
import type { PodView } from '../../src/quota/recount.ts'
import { type PodTally, podTally } from '../../src/quota/tally.ts'
import type { LedgerStore } from '../../src/quota/versions.ts'
import { type LedgerWriter, ledgerWriter, type WriterDeps } from '../../src/quota/writer.ts'

export interface Parts {
  store(store: LedgerStore): LedgerStore
  writer(deps: WriterDeps): LedgerWriter
  tally(): PodTally
  /** For each world anew: what is done to a view before it is recounted by. */
  views(): (view: PodView, nowMs: number) => PodView
}

export const REAL: Parts = {
  store: store => store,
  writer: ledgerWriter,
  tally: podTally,
  views: () => view => view,
}
