/** A set of victims in the making: who gives back so far, and what that leaves. */
import { ZERO } from '../../quantity/amount.ts'
import { find, insert } from '../../quota/persistent-map.ts'
import { upwards } from '../../quota/quota-tree.ts'
import type { Node } from '../../quota/tree.ts'
import { type Amounts, available, used } from '../../quota/usage.ts'
import { type Keys, withKeys } from '../outlook.ts'
import type { Survey } from '../survey.ts'
import type { Goal, Task } from '../task.ts'
import type { Unit } from '../units.ts'
import { type Views, withLess } from '../views.ts'
import { type Classes, isFair } from './fairness.ts'
import { isProtected, type Spent, spending } from './protection.ts'
import { type Gains, gained, type Housed, housedIn } from './rooms.ts'
import { isBorrowing } from './turns.ts'

export interface Draft extends Taking {
  readonly units: readonly Unit[]
}

/** What the victims so far leave; whoever takes more of them keeps the list. */
export interface Taking {
  readonly views: Views
  readonly spent: Spent
  /** Keys of all that cannot be taken once more, by this need or by those before it. */
  readonly spoken: Keys
}

/** What one search is about, and what it starts from. */
export interface Search {
  readonly task: Task
  readonly survey: Survey
  /** The claimant, if there is one, counts in it already. */
  readonly start: Draft
  readonly gains: Gains
  readonly housed: Keys
  /** False to find out who would give back if nothing protected them. */
  readonly respectsProtection: boolean
}

export type Refusal = 'spoken-for' | 'protected' | 'fair-already'

/** With one more victim, or why it must not be one. */
export function withVictim(search: Search, before: Taking, unit: Unit): Taking | Refusal {
  const { task, survey, respectsProtection } = search
  if (find(before.spoken, unit.key) || unit.leaf === task.claimant?.leaf) return 'spoken-for'
  const isForFairness = task.claimant !== null
  const terms = survey.termsAt(unit.leaf)
  if (respectsProtection && isProtected(unit, terms, survey.snapshot, before.spent, isForFairness)) return 'protected'
  const views = withLess(before.views, survey.snapshot.book, unit)
  if (!isFairIn(search, views, unit.leaf, unit.amounts)) return 'fair-already'
  const spoken = insert(before.spoken, unit.key, true)
  return { views, spent: spending(before.spent, unit, isForFairness), spoken }
}

function isFairIn({ task: { claimant }, survey }: Search, { total }: Views, leaf: Node, gives: Classes): boolean {
  if (claimant === null) return true
  const asked = [...claimant.amounts.keys()]
  return isFair(total, claimant.leaf, leaf, { asked, given: gives }, survey.termsAt(leaf).marginPerMille)
}

/** Whether each of those who gave back still keeps enough. */
export function isFairToAll(search: Search, views: Views, units: readonly Unit[]): boolean {
  if (search.task.claimant === null) return true
  // What a leaf keeps is the same for all that it gave.
  const given = new Map<Node, Set<string>>()
  for (const { leaf, amounts } of units) {
    const classes = given.get(leaf) ?? new Set()
    for (const key of amounts.keys()) classes.add(key)
    given.set(leaf, classes)
  }
  return given.entries().every(([leaf, classes]) => isFairIn(search, views, leaf, classes))
}

/** Whether enough has been given back for a goal: what is owed is counted at its node, what is claimed where it is to be used. */
export function isReached({ claimant }: Task, views: Views, { view, node, class: key, atMost }: Goal): boolean {
  if (used(views[view], node, key) <= atMost) return true
  return claimant !== null && available(views[view], claimant.leaf, key) >= ZERO
}

export function isMet(task: Task, views: Views): boolean {
  return task.goals.every(goal => isReached(task, views, goal))
}

/** Whether what a unit gives back would count for a goal, and everybody between the two borrows. */
export function counts({ total }: Views, { node, class: key, tiers }: Goal, unit: Unit): boolean {
  if (!unit.amounts.has(key) || !tiers.includes(unit.tier)) return false
  for (const at of upwards(unit.leaf)) {
    if (at === node) return true
    if (!isBorrowing(total, at, key)) return false
  }
  return false
}

/** Where the pods that wait would go once these are gone. Whoever was promised a node by an earlier need has one. */
export function housing(search: Search, units: readonly Unit[]): Housed {
  const { task, survey, gains } = search
  const rooms = survey.rooms()
  if (rooms === null || task.pods.size === 0) return { gains, homeless: null, left: [] }
  const after = gained(
    gains,
    units.flatMap(({ pods }) => pods),
  )
  return housedIn(rooms.free, after, waitingOf(search))
}

export function waitingOf({ task, housed }: Search): readonly Amounts[] {
  return [...task.pods].filter(([key]) => !find(housed, key)).map(([, amounts]) => amounts)
}

/** Whether these victims, and they alone, meet the need fairly and leave a node for every pod that waits. */
export function isSolution(search: Search, units: readonly Unit[]): boolean {
  const views = viewsWithout(search, units)
  return isMet(search.task, views) && isFairToAll(search, views, units) && housing(search, units).homeless === null
}

/** The draft with just these victims. */
export function draftOf(search: Search, units: readonly Unit[]): Draft {
  const { start, task } = search
  return {
    units,
    views: viewsWithout(search, units),
    spent: units.reduce((spent, unit) => spending(spent, unit, task.claimant !== null), start.spent),
    spoken: withKeys(
      start.spoken,
      units.map(({ key }) => key),
    ),
  }
}

function viewsWithout({ start, survey }: Search, units: readonly Unit[]): Views {
  return units.reduce((views, unit) => withLess(views, survey.snapshot.book, unit), start.views)
}
