/**
 * Drawing: a claim is used up by those for whom it is held, in the same ledger value that books them.
 *
 * What is drawn counted against the limits before, as claimed, and counts as much afterwards, as booked. So a claim on capacity that
 * others still use lets nobody in: where more is held than there is, a class that is drawn has to wait like any other.
 */
import { type Claim, claimKey } from './claim.ts'
import { excess } from './holding.ts'
import { type Charge, type Ledger, withClaim } from './ledger.ts'
import { find } from './persistent-map.ts'

interface Claimer {
  readonly tenant: string
  readonly owner?: string | undefined
}

/** What is claimed for whoever asks; nothing for most. */
export function claimFor({ claims }: Ledger, { tenant, owner = '' }: Claimer): Claim | undefined {
  // Every charge comes by here, and most ledgers have no claim.
  if (claims.size === 0 || owner === '') return undefined
  return find(claims, claimKey(tenant, { kind: 'owner', owner }))
}

/** The ledger in which a charge has been booked, with its claim less what that drew. The charge remembers what it was. */
export function drawnFrom(ledger: Ledger, booked: Charge): Ledger {
  const { drew, tenant } = booked
  const claim = drew === undefined ? undefined : claimFor(ledger, { tenant, owner: drew.owner })
  if (drew === undefined || claim === undefined) return ledger
  return withClaim(ledger, { ...claim, amounts: excess(claim.amounts, drew.amounts) })
}
