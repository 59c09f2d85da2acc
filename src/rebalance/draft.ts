/** A set of victims in the making: who gives back so far, and what that leaves. */

import { upwards } from '../quota/quota-tree.ts'
import { removeUsage, type Usage, used } from '../quota/usage.ts'
import { isFair } from './fairness.ts'
import { isProtected, type Spent, spending } from './protection.ts'
import { type Gains, gained, type Housed, housedIn } from './rooms.ts'
import type { Survey } from './survey.ts'
import type { Goal, Task } from './task.ts'
import { isBorrowing } from './turns.ts'
import type { Unit } from './units.ts'

export interface Draft {
  readonly units: readonly Unit[]
  readonly usage: Usage
  readonly spent: Spent
}

/** What one search is about, and what it starts from. */
export interface Search {
  readonly task: Task
  readonly survey: Survey
  /** The claimant, if there is one, counts in it already. */
  readonly start: Draft
  readonly spoken: ReadonlySet<string>
  readonly gains: Gains
  /** False to find out who would give back if nothing protected them. */
  readonly respectsProtection: boolean
}

export type Refusal = 'spoken-for' | 'protected' | 'fair-already'

/** The draft with one more victim, or why it must not be one. */
export function withVictim(search: Search, draft: Draft, unit: Unit, goal: Goal): Draft | Refusal {
  const { task, survey, spoken, respectsProtection } = search
  if (spoken.has(unit.key) || draft.units.includes(unit) || unit.leaf === task.claimant?.leaf) return 'spoken-for'
  // Whoever waits for the need is no help in it.
  if (waitsFor(task, unit)) return 'spoken-for'
  const terms = survey.termsAt(unit.leaf)
  const isForFairness = task.claimant !== null
  const usage = removeUsage(draft.usage, unit.leaf, unit.amounts)
  if (!isFairIn(search, usage, unit, goal)) return 'fair-already'
  if (respectsProtection && isProtected(unit, terms, survey.snapshot, draft.spent, isForFairness)) return 'protected'
  return { units: [...draft.units, unit], usage, spent: spending(draft.spent, unit, isForFairness) }
}

function waitsFor({ need }: Task, { pods }: Unit): boolean {
  return need.kind === 'entitled' && pods.some(({ uid }) => need.pods.includes(uid))
}

function isFairIn({ task, survey }: Search, usage: Usage, unit: Unit, goal: Goal): boolean {
  if (task.claimant === null) return true
  return isFair(usage, task.claimant.leaf, unit.leaf, goal.class, survey.termsAt(unit.leaf).marginPerMille)
}

export function isReached(usage: Usage, { node, class: key, atMost }: Goal): boolean {
  return used(usage, node, key) <= atMost
}

/** Whether what a unit gives back would count for a goal, and everybody between the two borrows. */
export function counts(usage: Usage, { node, class: key, tiers }: Goal, unit: Unit): boolean {
  if (!unit.amounts.has(key) || !tiers.includes(unit.tier)) return false
  for (const at of upwards(unit.leaf)) {
    if (at === node) return true
    if (!isBorrowing(usage, at, key)) return false
  }
  return false
}

/** Where the pods that wait would go once these are gone. */
export function housing({ task, survey, gains }: Search, units: readonly Unit[]): Housed {
  const rooms = survey.rooms()
  if (rooms === null) return { gains, homeless: null }
  return housedIn(
    rooms.free,
    gained(
      gains,
      units.flatMap(({ pods }) => pods),
    ),
    task.pods,
  )
}

/** Whether these victims, and they alone, meet the need fairly and leave a node for every pod that waits. */
export function isSolution(search: Search, units: readonly Unit[]): boolean {
  const { usage } = draftOf(search, units)
  return (
    search.task.goals.every(goal => isReached(usage, goal)) &&
    isFairToAll(search, usage, units) &&
    housing(search, units).homeless === null
  )
}

/** Whether each of those who gave back still keeps enough, in a class of which it gave. */
export function isFairToAll(search: Search, usage: Usage, units: readonly Unit[]): boolean {
  if (search.task.claimant === null) return true
  const goalsOf = (unit: Unit) => search.task.goals.filter(goal => isBelow(goal, unit))
  // What a leaf keeps is the same for all that it gave.
  const ofLeaves = new Map(units.map(unit => [unit.leaf, unit]))
  return ofLeaves.values().every(unit => goalsOf(unit).some(goal => isFairIn(search, usage, unit, goal)))
}

function isBelow({ node, class: key, tiers }: Goal, { amounts, tier, leaf }: Unit): boolean {
  return amounts.has(key) && tiers.includes(tier) && upwards(leaf).some(at => at === node)
}

/** The draft with just these victims. */
export function draftOf({ start, task }: Search, units: readonly Unit[]): Draft {
  return {
    units,
    usage: units.reduce((left, { leaf, amounts }) => removeUsage(left, leaf, amounts), start.usage),
    spent: units.reduce((spent, unit) => spending(spent, unit, task.claimant !== null), start.spent),
  }
}
