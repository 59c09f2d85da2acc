/** Claims in the text of a ledger, and what charges drew on them. */
import type { Claim, Claimant } from './claim.ts'
import type { Draw } from './ledger.ts'
import {
  amountsOf,
  amountWords,
  nameOf,
  nameWord,
  tierOf,
  tierWord,
  timeOf,
  timeWord,
  Unreadable,
  uidOf,
  uidWord,
} from './ledger-words.ts'

export function drawWords({ owner, untilMs, amounts }: Draw): readonly string[] {
  return ['|', nameWord(owner), timeWord(untilMs), ...amountWords(amounts)]
}

export function readDraw([owner, until, ...amounts]: readonly string[]): Draw {
  return { owner: nameOf(owner), untilMs: timeOf(until), amounts: amountsOf(amounts) }
}

const claimLines = new WeakMap<Claim, string>()

/** `owner tenant tier until`, then classes and amounts; before the owner an `o`, or a `p` before the UID of a pod that moves. */
export function claimLine(claim: Claim): string {
  const known = claimLines.get(claim)
  if (known !== undefined) return known
  const { tenant, tier, amounts, heldFor, untilMs } = claim
  const claimant = heldFor.kind === 'owner' ? ['o', nameWord(heldFor.owner)] : ['p', uidWord(heldFor.uid)]
  const line = [...claimant, nameWord(tenant), tierWord(tier), timeWord(untilMs), ...amountWords(amounts)].join(' ')
  claimLines.set(claim, line)
  return line
}

export function readClaim(line: string): Claim {
  const [kind, id, tenant, tier, until, ...amounts] = line.split(' ')
  const claim: Claim = {
    tenant: nameOf(tenant),
    tier: tierOf(tier),
    amounts: amountsOf(amounts),
    heldFor: claimantOf(kind, id),
    untilMs: timeOf(until),
  }
  claimLines.set(claim, line)
  return claim
}

function claimantOf(kind: string | undefined, id: string | undefined): Claimant {
  if (kind === 'o') return { kind: 'owner', owner: nameOf(id) }
  if (kind === 'p') return { kind: 'pod', uid: uidOf(id) }
  throw new Unreadable('a claim is damaged')
}
