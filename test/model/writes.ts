/** What must be true of every version that is stored, given the one before it. */
import { type Charge, chargeOf, charges, type Ledger } from '../../src/quota/ledger.ts'
import { sameAmounts } from '../../src/quota/usage.ts'
import type { Asked } from './callers.ts'
import { CLASS } from './scenario.ts'
import { capacityOf, passedLimit, sumsHeld } from './sums.ts'
import type { World } from './world.ts'

export function wrongWrite(world: World, before: Ledger, after: Ledger): string | undefined {
  const { limits, maxCharges } = world.scenario
  const passed = passedLimit(limits, sumsHeld(after.held))
  if (passed !== undefined) return `the ledger passes a limit: ${passed}`
  if (after.charges.size > maxCharges) return `${after.charges.size} charges are stored where ${maxCharges} have room`
  const { position } = after.base
  if (position < before.base.position) return `the base went back from ${before.base.position} to ${position}`
  return wrongCharges(world, before, after) ?? wrongRecount(world, before, after) ?? wrongBurst(world, before, after)
}

function wrongCharges({ callers, network }: World, before: Ledger, after: Ledger): string | undefined {
  for (const charge of charges(after)) {
    const former = chargeOf(before, charge.uid)
    if (former === charge) continue
    if (former === undefined) {
      const asked = callers.asked.filter(
        ({ review }) => review.pod.uid === charge.uid && review.replica === network.history.writer,
      )
      if (!asked.some(one => mayBook(one, charge))) return `${charge.uid} is booked, for which nobody waits`
    } else if (former.tier !== charge.tier || !sameAmounts(former.amounts, charge.amounts)) {
      return `${charge.uid} is charged as ${former.tier}, and a second time as ${charge.tier}`
    }
  }
  return undefined
}

// Who gave up while the write was under way cannot be helped; who was refused, or only wanted to know, must not be booked.
function mayBook({ review: { pod, isDry }, answer }: Asked, { tenant, tier, amounts }: Charge): boolean {
  const isWaiting = answer === null || (answer.verdict.kind === 'busy' && answer.verdict.because === 'deadline')
  const isAskedFor = pod.tenant === tenant && (pod.tier === 'auto' || pod.tier === tier)
  return !isDry && isWaiting && isAskedFor && sameAmounts(pod.demand, amounts)
}

function wrongRecount({ cluster }: World, before: Ledger, after: Ledger): string | undefined {
  if (after.base === before.base) return undefined
  const counted = new Set(cluster.pods(Number(after.base.position)).map(({ uid }) => uid))
  const twice = charges(after).find(({ uid }) => counted.has(uid) && chargeOf(before, uid) !== undefined)
  return twice === undefined ? undefined : `${twice.uid} is counted, and its charge stands beside`
}

/** Burst is admitted only into what is idle: all that is held, less what was entitled to come in the same write, has room. */
function wrongBurst({ scenario: { limits } }: World, before: Ledger, after: Ledger): string | undefined {
  const fresh = [...charges(after)].filter(({ uid }) => chargeOf(before, uid) === undefined)
  // What gangs hold comes and goes in the same write, so only scenarios without them can be added up.
  if (after.gangs.size > 0 || !fresh.some(({ tier }) => tier === 'burst')) return undefined
  const entitled = fresh.filter(({ tier }) => tier !== 'burst')
  const firm = entitled.reduce((sum, { amounts }) => sum + (amounts.get(CLASS) ?? 0n), 0n)
  const used = sumsHeld(after.held).total - firm
  return used > capacityOf(limits) ? `burst is admitted where ${used} of ${capacityOf(limits)} are used` : undefined
}
