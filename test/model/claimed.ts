/** What must be true of claims from one version to the next. */
import { claimKey } from '../../src/quota/claim.ts'
import { type Charge, chargeOf, charges, type Ledger } from '../../src/quota/ledger.ts'
import { find } from '../../src/quota/persistent-map.ts'
import { CLASS, type Claiming } from './scenario.ts'
import type { World } from './world.ts'

/** Until its end, what is claimed stays claimed, but for what its owner draws; and what was drawn for a pod that never comes returns. */
export function wrongClaims(world: World, before: Ledger, after: Ledger): string | undefined {
  const { claimings, reviews } = world.scenario
  // Of two claims the later counts; and a pod that is asked about again may draw a second time, which is found out when it is counted.
  const uids = reviews.map(({ pod }) => pod.uid)
  if (claimings.length > 1 || new Set(uids).size < uids.length) return undefined
  const owned = claimings.filter(({ claim }) => claim.heldFor.kind === 'owner')
  const wrong = owned.find(one => !isKept(world, one, before, after))
  return wrong === undefined ? undefined : `what is claimed for ${wrong.claim.tenant} is lost, or more than it was`
}

function isKept(world: World, { claim }: Claiming, before: Ledger, after: Ledger): boolean {
  const key = claimKey(claim.tenant, claim.heldFor)
  const claimedIn = (ledger: Ledger) => find(ledger.claims, key)?.amounts.get(CLASS) ?? 0n
  const everDrawn = world.callers.asked.some(({ review: { pod } }) => chargeOf(before, pod.uid)?.drew !== undefined)
  const isEntered = find(before.claims, key) !== undefined || everDrawn
  // Before it is entered there is nothing to lose, and at its end all of it goes.
  if (!isEntered || world.now() >= claim.untilMs) return true
  const isThere = ({ uid }: Charge, ledger: Ledger) => chargeOf(ledger, uid) !== undefined
  const fresh = charges(after).filter(one => !isThere(one, before))
  const lost = charges(before).filter(one => !isThere(one, after) && !world.cluster.wasCreated(one.uid))
  return claimedIn(after) === claimedIn(before) + drawnBy(lost) - drawnBy(fresh)
}

function drawnBy(all: IteratorObject<Charge>): bigint {
  return all.reduce((sum, { drew }) => sum + (drew?.amounts.get(CLASS) ?? 0n), 0n)
}
