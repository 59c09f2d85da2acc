/** What happens to a ledger besides charging: its pods are counted, charges are taken back, and claims come and go. */
import { type Book, reopenBook } from './book.ts'
import { fits } from './caps.ts'
import { type Claim, claimKey } from './claim.ts'
import { fitOf } from './fit.ts'
import { type Charge, chargeOf, type Ledger, release, withClaim, withdraw, withGang, withoutClaim } from './ledger.ts'
import { find } from './persistent-map.ts'
import { type PodView, recount } from './recount.ts'

/** Each is idempotent: all of them may be delivered twice. */
export type Change =
  /** A pod is gone that has not been counted. */
  | { readonly kind: 'release'; readonly uid: string }
  /** Takes back a charge nobody was told of, unless it has been renewed or its pod seen since. */
  | { readonly kind: 'withdraw'; readonly charge: Charge }
  | { readonly kind: 'recount'; readonly view: PodView }
  /** Enters a claim, or another state of it. For a pod in the tiers that are guaranteed it is entered only where it fits. */
  | { readonly kind: 'claim'; readonly claim: Claim }
  | { readonly kind: 'unclaim'; readonly key: string }
  /** A gang, by its key, no longer holds room for members that have not come. */
  | { readonly kind: 'lapse'; readonly gang: string }

export function amend(book: Book, change: Change): Book {
  return reopenBook(book, amended(book, change))
}

function amended(book: Book, change: Change): Ledger {
  const { ledger } = book
  switch (change.kind) {
    case 'release':
      return release(ledger, change.uid)
    case 'withdraw': {
      const { uid, bookedBy, expiresAtMs } = change.charge
      const current = chargeOf(ledger, uid)
      return current?.bookedBy === bookedBy && current.expiresAtMs === expiresAtMs ? withdraw(ledger, current) : ledger
    }
    case 'recount':
      return recount(ledger, change.view)
    case 'claim':
      return claimed(book, change.claim)
    case 'unclaim':
      return withoutClaim(ledger, change.key)
    case 'lapse':
      return lapsed(ledger, change.gang)
  }
}

// 64 bytes of text each: 128 kB beside the 650 kB of as many charges as there may be. Whoever frees room for more claims the rest
// when these have been drawn on.
const MOST_CLAIMS = 2_000

/** Nobody could draw on the claim of a tenant that is not defined, nor on one in a class that it may not use. */
function claimed(book: Book, claim: Claim): Ledger {
  const { ledger, quota } = book
  const tenant = quota.tenants.get(claim.tenant)
  if (tenant === undefined || claim.amounts.keys().some(key => !tenant.spec.classes.has(key))) return ledger
  const others = withoutClaim(ledger, claimKey(claim.tenant, claim.heldFor))
  if (others.claims.size >= MOST_CLAIMS) return ledger
  // A pod moves to a tier that is guaranteed only where it has room. Who makes room for an owner claims it before it is there.
  const mustFit = claim.heldFor.kind === 'pod' && claim.tier !== 'burst'
  const isRoom =
    !mustFit || fits(reopenBook(book, others), tenant, claim.tier, fitOf({ pods: 1, amounts: claim.amounts }))
  return isRoom ? withClaim(others, claim) : ledger
}

function lapsed(ledger: Ledger, key: string): Ledger {
  const gang = find(ledger.gangs, key)
  const isHeld = gang !== undefined && gang.heldUntilMs !== null
  return isHeld ? withGang(ledger, key, { ...gang, heldUntilMs: null }) : ledger
}
