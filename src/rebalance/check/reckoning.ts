/**
 * What is used while a plan is played through, reckoned with as many claims as count for each kind of need.
 *
 * A claim may stand on capacity that others still use, and must take from nobody by standing there: what is owed is judged without any. A
 * claim is judged with those that the plan serves besides, and demand that is new with all there are: they come before it.
 */
import { entries } from '../../quota/persistent-map.ts'
import type { Need } from '../need.ts'
import type { Snapshot } from '../snapshot.ts'
import { type Balance, balanceOf, type Load } from './balance.ts'

export interface Reckoning {
  readonly withoutClaims: Balance
  readonly withServed: Balance
  readonly withAll: Balance
}

/** What the ledger holds. The claims that are served come with their needs. */
export function reckoningOf({ book }: Snapshot): Reckoning {
  const withAll = balanceOf(book)
  const withoutClaims = withAll.copy()
  for (const [, claim] of entries(book.ledger.claims)) {
    if (claim.heldFor.kind === 'owner') withoutClaims.change(claim, -1n)
  }
  return { withoutClaims, withServed: withoutClaims.copy(), withAll }
}

/** Something that is held for good, or that leaves. */
export function change({ withoutClaims, withServed, withAll }: Reckoning, load: Load, by: 1n | -1n): void {
  for (const balance of [withoutClaims, withServed, withAll]) balance.change(load, by)
}

/** What a need is judged by. */
export function balanceFor({ withoutClaims, withServed, withAll }: Reckoning, { kind }: Need): Balance {
  switch (kind) {
    case 'entitled':
    case 'excess':
      return withoutClaims
    case 'claim':
      return withServed
    case 'refused':
      return withAll
  }
}
