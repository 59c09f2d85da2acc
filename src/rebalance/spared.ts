/**
 * Whoever turns out not to be needed once all needs are met goes free: a later need may have taken somebody so large that those whom an
 * earlier one took are no longer needed.
 */
import { type Amount, least, most } from '../quantity/amount.ts'
import { upwards } from '../quota/quota-tree.ts'
import { used } from '../quota/usage.ts'
import type { Course, Met } from './course.ts'
import { isFairToAll } from './draft.ts'
import { type Start, withClaims } from './outlook.ts'
import { gained, housedIn } from './rooms.ts'
import type { Survey } from './survey.ts'
import { searchFor } from './tried.ts'
import { isHold, type Unit } from './units.ts'
import { type Views, withLess, withMore } from './views.ts'

/** All that is met, the last victims asked first. Those who are only shown to give back stay as they are. */
export function spared(survey: Survey, start: Start, course: Course): readonly Met[] {
  const slack = slackOf(survey, start, course)
  let met = course.met
  for (const [at, { isApplied, units }] of [...course.met.entries()].toReversed()) {
    if (!isApplied) continue
    for (const unit of units.toReversed()) {
      if (isHoldOfVictim(unit, met) || !slack.hasRoomFor(unit)) continue
      const without = met.map((one, index) =>
        index === at ? { ...one, units: one.units.filter(other => other !== unit) } : one,
      )
      if (!isHoused(survey, without) || !isFairThroughout(survey, start, without)) continue
      slack.giveBack(unit)
      met = without
    }
  }
  return met
}

/** What a gang holds goes with its pods. */
function isHoldOfVictim(unit: Unit, met: readonly Met[]): boolean {
  return isHold(unit) && met.some(({ units }) => units.some(({ gang, pods }) => gang === unit.gang && pods.length > 0))
}

/** What is used in the end, with what is claimed and without, and how much that may be at the nodes that needs are about. */
function slackOf({ snapshot: { book } }: Survey, start: Start, { met, applied }: Course) {
  const tasks = met.filter(({ isApplied }) => isApplied)
  const gone = tasks.flatMap(({ units }) => units)
  let owed: Views = gone.reduce<Views>((views, unit) => withLess(views, book, unit), start.outlook)
  let claimed: Views = applied
  const owedLimits = limitsOf(
    owed,
    tasks.filter(({ task }) => task.claimant === null),
  )
  const claimLimits = limitsOf(
    claimed,
    tasks.filter(({ task }) => task.claimant !== null),
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
  const applied = met.filter(({ isApplied }) => isApplied)
  const pods = new Map(applied.flatMap(({ task }) => [...task.pods]))
  const rooms = pods.size === 0 ? null : survey.rooms()
  if (rooms === null) return true
  const leaving = applied.flatMap(({ units }) => units.flatMap(unit => unit.pods))
  return housedIn(rooms.free, gained(new Map(), leaving), [...pods.values()]).homeless === null
}

/** Each need judged anew in the outlook that those before it leave. */
function isFairThroughout(survey: Survey, start: Start, met: readonly Met[]): boolean {
  const { snapshot } = survey
  const applied = met.filter(({ isApplied }) => isApplied)
  const owed = applied.filter(({ task }) => task.claimant === null).flatMap(({ units }) => units)
  let outlook = withClaims(start.outlook, snapshot, start.claims)
  outlook = { ...outlook, ...owed.reduce<Views>((views, unit) => withLess(views, snapshot.book, unit), outlook) }
  return applied
    .filter(({ task }) => task.claimant !== null)
    .every(({ task, units }) => {
      const search = searchFor(survey, outlook, task)
      const views = units.reduce((left, unit) => withLess(left, snapshot.book, unit), search.start.views)
      outlook = { ...outlook, ...views }
      return isFairToAll(search, views, units)
    })
}
