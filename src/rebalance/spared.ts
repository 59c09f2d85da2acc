/**
 * Whoever turns out not to be needed once all needs are met goes free: a later need may have taken somebody so large that those whom an
 * earlier one took are no longer needed.
 */
import { type Amount, least, most } from '../quantity/amount.ts'
import { upwards } from '../quota/quota-tree.ts'
import { used } from '../quota/usage.ts'
import type { Met } from './course.ts'
import { type Outlook, type Start, withClaims } from './outlook.ts'
import type { Survey } from './survey.ts'
import { searchFor } from './tried.ts'
import { isHoldOf, type Unit } from './units.ts'
import { isFairToAll } from './victims/draft.ts'
import { gained, housedIn } from './victims/rooms.ts'
import { type Views, withLess, withMore } from './views.ts'

/** First of what is applied, in which nobody counts on what is only shown; then of what is shown. */
export function spared(survey: Survey, start: Start, met: readonly Met[]): readonly Met[] {
  const applied = sparedOf(survey, start, met, { counts: one => one.isApplied, asks: one => one.isApplied })
  if (applied.every(({ isApplied }) => isApplied)) return applied
  return sparedOf(survey, start, applied, { counts: () => true, asks: one => !one.isApplied })
}

interface Range {
  /** Whether what happens for a need is counted on. */
  counts(met: Met): boolean
  /** Whether its victims are asked for. */
  asks(met: Met): boolean
}

/** The last victims are asked first. */
function sparedOf(survey: Survey, start: Start, met: readonly Met[], range: Range): readonly Met[] {
  const slack = slackOf(survey, start, met.filter(range.counts))
  let left = met
  for (const [at, one] of [...met.entries()].toReversed()) {
    for (const unit of range.asks(one) ? one.units.toReversed() : []) {
      if (!slack.hasRoomFor(unit)) continue
      const without = left.map((other, index) => (index === at ? withoutUnit(other, unit) : other))
      const counted = without.filter(range.counts)
      const isHeldRoom = counted.some(({ units }) => isHoldOf(unit, units))
      if (isHeldRoom || !isHoused(survey, counted) || !isFairInAll(survey, start, counted)) continue
      slack.giveBack(unit)
      left = without
    }
  }
  return left
}

function withoutUnit(met: Met, unit: Unit): Met {
  return { ...met, units: met.units.filter(other => other !== unit) }
}

/** What is used in the end, with what is claimed and without, and how much that may be at the nodes that needs are about. */
function slackOf(survey: Survey, start: Start, met: readonly Met[]) {
  const { book } = survey.snapshot
  const isOwed = ({ task }: Met) => task.claimant === null
  const units = met.flatMap(one => one.units)
  let owed = units.reduce<Views>((views, unit) => withLess(views, book, unit), start.outlook)
  let claimed = met.reduce<Views>((views, one) => happened(survey, views, one), claimsIn(survey, start))
  const owedLimits = limitsOf(owed, met.filter(isOwed))
  const claimLimits = limitsOf(
    claimed,
    met.filter(one => !isOwed(one)),
  )
  return {
    hasRoomFor: (unit: Unit) =>
      isWithin(withMore(owed, book, unit), owedLimits, unit) &&
      isWithin(withMore(claimed, book, unit), claimLimits, unit),
    giveBack(unit: Unit): void {
      owed = withMore(owed, book, unit)
      claimed = withMore(claimed, book, unit)
    },
  }
}

type Limits = ReadonlyMap<string, Amount>

function limitsOf(views: Views, met: readonly Met[]): Limits {
  const limits = new Map<string, Amount>()
  for (const { view, node, class: key, atMost } of met.flatMap(({ task }) => task.goals)) {
    const name = `${view} ${node.index} ${key}`
    // A goal may be reached although its node is above this: then nothing may be added there.
    const limit = most(atMost, used(views[view], node, key))
    limits.set(name, least(limit, limits.get(name) ?? limit))
  }
  return limits
}

function isWithin(views: Views, limits: Limits, { leaf, amounts }: Unit): boolean {
  if (limits.size === 0) return true
  return upwards(leaf).every(node =>
    amounts.keys().every(key =>
      (['total', 'firm'] as const).every(view => {
        const limit = limits.get(`${view} ${node.index} ${key}`)
        return limit === undefined || used(views[view], node, key) <= limit
      }),
    ),
  )
}

function isHoused(survey: Survey, met: readonly Met[]): boolean {
  const pods = new Map(met.flatMap(({ task }) => [...task.pods]))
  const rooms = pods.size === 0 ? null : survey.rooms()
  if (rooms === null) return true
  const leaving = met.flatMap(({ units }) => units.flatMap(unit => unit.pods))
  return housedIn(rooms.free, gained(new Map(), leaving), [...pods.values()]).homeless === null
}

/** Each need judged anew in the outlook that those before it leave. */
function isFairInAll(survey: Survey, start: Start, met: readonly Met[]): boolean {
  if (met.every(({ task }) => task.claimant === null)) return true
  let outlook = claimsIn(survey, start)
  return met.every(one => {
    outlook = { ...outlook, ...happened(survey, outlook, one) }
    return isFairToAll(searchFor(survey, outlook, one.task), outlook, one.units)
  })
}

function claimsIn({ snapshot }: Survey, { outlook, claims }: Start): Outlook {
  return withClaims(outlook, snapshot, claims)
}

/** With what a need's victims gave back, and what it holds from then on. */
function happened({ snapshot: { book } }: Survey, views: Views, { task: { claimant }, units }: Met): Views {
  const left = units.reduce((at, unit) => withLess(at, book, unit), views)
  return claimant === null || claimant.isHeld
    ? left
    : withMore(left, book, { ...claimant, tenant: claimant.tenant.spec.name })
}
