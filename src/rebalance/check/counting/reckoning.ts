/**
 * What is used while a plan is played through: with what is claimed, and without. A claim may stand on capacity that others still use, and
 * must take from nobody by standing there, so what is owed is judged without any. Whoever draws on a claim, or is to get one, is judged
 * with all of them, as the ledger does.
 */
import { entries } from '../../../quota/persistent-map.ts'
import type { Need } from '../../need.ts'
import type { Snapshot } from '../../snapshot.ts'
import type { Balance, Load } from './balance.ts'

export interface Reckoning {
  readonly used: Balance
  readonly claimed: Balance
}

/** What the ledger holds. */
export function reckoningOf({ book }: Snapshot, held: Balance): Reckoning {
  const [used, claimed] = [held.copy(), held.copy()]
  for (const [, claim] of entries(book.ledger.claims)) {
    if (claim.heldFor.kind === 'owner') used.change(claim, -1n)
  }
  return { used, claimed }
}

/** Something comes, or leaves, that is more than a claim. */
export function change({ used, claimed }: Reckoning, load: Load, by: 1n | -1n): void {
  used.change(load, by)
  claimed.change(load, by)
}

/** What a need is judged by. */
export function balanceFor({ used, claimed }: Reckoning, { kind }: Need): Balance {
  switch (kind) {
    case 'entitled':
    case 'excess':
      return used
    case 'claim':
    case 'refused':
      return claimed
  }
}
