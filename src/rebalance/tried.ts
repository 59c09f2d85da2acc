/** One need tried: who would give back for it, and the outlook once they have and whoever asked has what they gave. */
import { addUsage } from '../quota/usage.ts'
import type { Search } from './draft.ts'
import type { Need } from './need.ts'
import { type Outlook, victimsGone } from './outlook.ts'
import type { MetNeed, Obstacle } from './plan.ts'
import { victimsFor } from './search.ts'
import type { Survey } from './survey.ts'
import type { Task } from './task.ts'
import { isHold, type Unit } from './units.ts'

export type Tried = Success | Failure

export interface Success {
  readonly ok: true
  readonly need: Need
  readonly units: readonly Unit[]
  /** False where a victim's cohort is only shown plans. */
  readonly isApplied: boolean
  readonly outlook: Outlook
}

export interface Failure {
  readonly ok: false
  readonly because: Obstacle
}

export function tried(survey: Survey, outlook: Outlook, task: Task): Tried {
  const found = victimsFor(searchFor(survey, outlook, task))
  if (!found.ok) return found
  const { units, usage, spent } = found.draft
  const isApplied = units.every(unit => survey.termsAt(unit.leaf).mode === 'On')
  const next = victimsGone({ ...outlook, spent, gains: found.gains }, units, usage)
  return { ok: true, need: task.need, units, isApplied, outlook: next }
}

function searchFor(survey: Survey, outlook: Outlook, task: Task): Search {
  const { spoken, gains, spent } = outlook
  const start = { units: [], usage: claimed(outlook, task).total, spent }
  return { task, survey, start, spoken, gains, respectsProtection: true }
}

/** With what the claimant asks for, whether anybody gives back for it or not: as a claim stands in the ledger. */
export function claimed(outlook: Outlook, { claimant }: Task): Outlook {
  return claimant === null ? outlook : { ...outlook, total: addUsage(outlook.total, claimant.leaf, claimant.amounts) }
}

export function metNeed({ need, units, isApplied }: Success): MetNeed {
  return { need, victims: units.flatMap(namesOf), isApplied }
}

function namesOf(unit: Unit): readonly string[] {
  if (isHold(unit)) return unit.gang === null ? [] : [unit.gang]
  return unit.pods.map(({ uid }) => uid)
}
