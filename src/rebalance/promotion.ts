/**
 * Promotion: where a tenant's own reservation has room, what it holds at risk moves there. It comes before all needs: who has been
 * promoted needs not be evicted.
 */
import { type Amount, ZERO } from '../quantity/amount.ts'
import type { Book } from '../quota/book.ts'
import { isWithinCaps } from '../quota/caps.ts'
import { claimKey } from '../quota/claim.ts'
import { fitOf } from '../quota/fit.ts'
import { NO_AMOUNTS, sum } from '../quota/holding.ts'
import { find } from '../quota/persistent-map.ts'
import type { Tenant } from '../quota/quota-tree.ts'
import { type Amounts, addUsage, available, type Usage, used } from '../quota/usage.ts'
import type { Promote } from './plan.ts'
import type { ReclaimableTier } from './snapshot.ts'
import type { Survey } from './survey.ts'
import { isHold, type Unit } from './units.ts'

const AT_RISK: readonly ReclaimableTier[] = ['burst', 'shared']

/** Tenant by tenant in the order of their names. A tenant that does not try its reservation first is not moved there. */
export function promotedUnits(survey: Survey): readonly Unit[] {
  const { tenants } = survey.snapshot.book.quota
  return [...tenants]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, tenant]) => (survey.termsAt(tenant.cohort).mode === 'On' ? unitsPromoted(survey, tenant) : []))
}

/** Those that give back last are promoted first. */
function unitsPromoted(survey: Survey, tenant: Tenant): readonly Unit[] {
  const { book } = survey.snapshot
  let room: Room = { view: book.firm, moved: NO_AMOUNTS }
  return AT_RISK.filter(tier => isBefore(tenant, 'reserved', tier) && mayMove(book, tenant, tier))
    .flatMap(tier => survey.unitsInOrder(tenant.leaves[tier]).toReversed())
    .filter(unit => {
      const left = roomAfter(book, tenant, room, unit)
      room = left ?? room
      return left !== undefined
    })
}

interface Room {
  readonly view: Usage
  /** What moves already; below a cap, it counts where it is and where it goes until it has moved. */
  readonly moved: Amounts
}

/** Undefined where the unit does not fit, or should not move. */
function roomAfter(book: Book, tenant: Tenant, { view, moved }: Room, unit: Unit): Room | undefined {
  if (isHold(unit) || holdsRoom(book, unit) || isTierNamed(unit)) return undefined
  const asked = unclaimed(book, unit)
  const all = sum(moved, asked)
  const isWithin = fits(view, tenant, asked) && isWithinCaps(book, tenant, 'reserved', fitOf({ pods: 1, amounts: all }))
  return isWithin ? { view: addUsage(view, tenant.leaves.reserved, asked), moved: all } : undefined
}

function isBefore({ spec: { tierOrder } }: Tenant, better: 'reserved', tier: ReclaimableTier): boolean {
  const at = tierOrder.indexOf(better)
  return at >= 0 && (at < tierOrder.indexOf(tier) || !tierOrder.includes(tier))
}

/** A quick look before the units are asked for: most tenants have no room, or nothing to move. */
function mayMove({ firm, total, ledger }: Book, { leaves, spec }: Tenant, tier: ReclaimableTier): boolean {
  return spec.classes.keys().some(key => {
    const isHeld = used(total, leaves[tier], key) > ZERO
    return isHeld && (ledger.claims.size > 0 || available(firm, leaves.reserved, key) > ZERO)
  })
}

/** What has to fit: of pods whose room is claimed already, nothing more. */
function unclaimed({ ledger }: Book, { tenant, pods }: Unit): Amounts {
  return pods
    .filter(({ uid }) => find(ledger.claims, claimKey(tenant, { kind: 'pod', uid })) === undefined)
    .reduce((all, { amounts }) => sum(all, amounts), NO_AMOUNTS)
}

/** Who says burst would have others of its tenant find room in what is reserved. */
function isTierNamed({ pods }: Unit): boolean {
  return pods.some(pod => pod.isTierNamed)
}

/** A gang whose pods have not all come stays where its room is held. */
function holdsRoom({ ledger }: Book, { gang }: Unit): boolean {
  const known = gang === null ? undefined : find(ledger.gangs, gang)
  return known !== undefined && known.heldUntilMs !== null
}

function fits(view: Usage, { leaves, spec }: Tenant, asked: Amounts): boolean {
  const hasRoom = (key: string, amount: Amount) => amount <= available(view, leaves.reserved, key)
  return asked.entries().every(([key, amount]) => spec.classes.has(key) && hasRoom(key, amount))
}

export function promotion({ tenant, pods, tier, amounts }: Unit): Promote {
  const rule = 'own-reserved-is-free'
  return { kind: 'promote', rule, tenant, pods: pods.map(({ uid }) => uid), from: tier, to: 'reserved', amounts }
}
