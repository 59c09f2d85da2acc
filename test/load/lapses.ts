/** What left the ledger because its time had passed, or because nobody had been told of it. */
import { charges, type Ledger } from '../../src/quota/ledger.ts'
import { entries } from '../../src/quota/persistent-map.ts'
import type { Figures } from './figures.ts'

export function countLapses(
  before: Ledger,
  after: Ledger,
  nowMs: number,
  figures: Figures,
  wasTold: (uid: string) => boolean,
): void {
  const left = new Set(charges(after).map(({ uid }) => uid))
  for (const { uid, expiresAtMs } of charges(before)) {
    if (left.has(uid)) continue
    if (expiresAtMs <= nowMs) figures.count('charge lapsed')
    else if (!wasTold(uid)) figures.count('charge withdrawn')
  }
  const held = new Map(entries(after.gangs))
  for (const [key, { heldUntilMs }] of entries(before.gangs)) {
    if (heldUntilMs !== null && heldUntilMs <= nowMs && (held.get(key)?.heldUntilMs ?? null) === null) {
      figures.count('gang hold lapsed')
    }
  }
}
