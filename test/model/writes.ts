/** What must be true of every version that is stored, given the one before it. */
import { type Charge, chargeOf, charges, type Ledger } from '../../src/quota/ledger.ts'
import { sameAmounts } from '../../src/quota/usage.ts'
import type { Asked } from './callers.ts'
import { wrongClaims } from './claimed.ts'
import { CLASS } from './scenario.ts'
import { capacityOf, passedLimit, sumsBesideClaims, sumsHeld } from './sums.ts'
import type { World } from './world.ts'

export function wrongWrite(world: World, before: Ledger, after: Ledger): string | undefined {
  const { limits, maxCharges, claimings } = world.scenario
  const passed = passedLimit(limits, sumsBesideClaims(after))
  if (passed !== undefined) return `the ledger passes a limit: ${passed}`
  const stored = after.charges.size + after.gangs.size + after.claims.size
  // Claims are entered where charges leave no room, in room of their own; what is drawn on them takes their place.
  if (stored > maxCharges + claimings.length)
    return `${stored} charges, gangs and claims are stored where ${maxCharges} have room`
  const { position } = after.base
  if (position < before.base.position) return `the base went back from ${before.base.position} to ${position}`
  return (
    wrongCharges(world, before, after) ??
    wrongRecount(world, before, after) ??
    wrongBurst(world, before, after) ??
    wrongClaims(world, before, after)
  )
}

function wrongCharges(world: World, before: Ledger, after: Ledger): string | undefined {
  const { callers, cluster } = world
  for (const charge of charges(after)) {
    const former = chargeOf(before, charge.uid)
    if (former !== undefined && isSameCharge(former, charge)) continue
    // One write may withdraw a charge that nobody was told of and book its pod anew.
    if (former !== undefined && callers.told.has(charge.uid) && !cluster.wasCreated(charge.uid)) {
      return `${charge.uid} is charged as ${former.tier}, and a second time as ${charge.tier}`
    }
    if (!isAskedFor(world, charge)) return `${charge.uid} is booked, for which nobody waits`
  }
  return undefined
}

/** Whether somebody waits for that charge at the replica that has written. */
function isAskedFor({ callers, network }: World, charge: Charge): boolean {
  return callers.asked.some(one => one.review.replica === network.history.writer && mayBook(one, charge))
}

function isSameCharge(a: Charge, b: Charge): boolean {
  return a === b || (a.tier === b.tier && a.tenant === b.tenant && sameAmounts(a.amounts, b.amounts))
}

// Who gave up while the write was under way cannot be helped; who was refused, or only wanted to know, must not be booked.
function mayBook({ review: { pod, isDry }, answer }: Asked, { uid, tenant, tier, amounts, drew }: Charge): boolean {
  const isWaiting = answer === null || (answer.verdict.kind === 'busy' && answer.verdict.because === 'deadline')
  const isThatPod = pod.uid === uid && pod.tenant === tenant && sameAmounts(pod.demand, amounts)
  const isOwnDraw = drew === undefined || drew.owner === pod.owner
  return !isDry && isWaiting && isThatPod && isOwnDraw && (pod.tier === 'auto' || pod.tier === tier)
}

function wrongRecount(world: World, before: Ledger, after: Ledger): string | undefined {
  if (after.base.position === before.base.position) return undefined
  const counted = new Set(world.cluster.pods(Number(after.base.position)).map(({ uid }) => uid))
  // Whoever asks about a pod that has been counted gets another charge for it, which lasts until the next recount.
  const twice = charges(after).find(charge => {
    return counted.has(charge.uid) && chargeOf(before, charge.uid) !== undefined && !isAskedFor(world, charge)
  })
  return twice === undefined ? undefined : `${twice.uid} is counted, and its charge stands beside`
}

/** Burst is admitted only into what is idle and claimed for nobody else: all that is held, claims included, less what was entitled to come in the same write, has room. */
function wrongBurst({ scenario: { limits } }: World, before: Ledger, after: Ledger): string | undefined {
  const fresh = [...charges(after)].filter(({ uid }) => chargeOf(before, uid) === undefined)
  // What gangs hold comes and goes in the same write, so only scenarios without them can be added up.
  if (after.gangs.size > 0 || !fresh.some(({ tier }) => tier === 'burst')) return undefined
  const entitled = fresh.filter(({ tier }) => tier !== 'burst')
  const firm = entitled.reduce((sum, { amounts }) => sum + (amounts.get(CLASS) ?? 0n), 0n)
  const used = sumsHeld(after.held).total - firm
  return used > capacityOf(limits) ? `burst is admitted where ${used} of ${capacityOf(limits)} are used` : undefined
}
