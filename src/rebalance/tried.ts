/** One need tried: who would give back for it, and the outlook once they have and whoever asked has what they gave. */

import { isWithinOwn } from './needs/own-limits.ts'
import { type Outlook, withKeys } from './outlook.ts'
import type { Obstacle } from './plan.ts'
import type { Survey } from './survey.ts'
import type { Task } from './task.ts'
import type { Unit } from './units.ts'
import { type Draft, housing, type Search } from './victims/draft.ts'
import { victimsFor } from './victims/search.ts'
import { withLess, withMore } from './views.ts'

export type Tried = Success | Failure

export interface Success {
  readonly ok: true
  readonly task: Task
  readonly units: readonly Unit[]
  readonly outlook: Outlook
}

interface Failure {
  readonly ok: false
  readonly because: Obstacle
}

export function tried(survey: Survey, outlook: Outlook, task: Task): Tried {
  const search = searchFor(survey, outlook, task)
  // What its own limits keep from a tenant is nobody else's to give back.
  if (task.claimant !== null && !isWithinOwn(search.start.views, task.claimant)) return { ok: false, because: 'nobody' }
  const found = victimsFor(search)
  return found.ok ? { ok: true, task, units: found.draft.units, outlook: after(search, outlook, found.draft) } : found
}

/** The same victims for the same need in another outlook. */
export function repeated(survey: Survey, outlook: Outlook, { task, units }: Success): Outlook {
  const search = searchFor(survey, outlook, task)
  const views = units.reduce((left, unit) => withLess(left, survey.snapshot.book, unit), search.start.views)
  return after(search, outlook, { units, views, spent: outlook.spent, spoken: search.start.spoken })
}

export function searchFor(survey: Survey, outlook: Outlook, task: Task): Search {
  const { spoken, gains, spent, housed, total, firm } = outlook
  const { claimant } = task
  const held = claimant === null || claimant.isHeld ? null : { ...claimant, tenant: claimant.tenant.spec.name }
  const views = held === null ? { total, firm } : withMore({ total, firm }, survey.snapshot.book, held)
  return { task, survey, start: { units: [], views, spent, spoken }, gains, housed, respectsProtection: true }
}

function after(search: Search, outlook: Outlook, { units, views, spent }: Draft): Outlook {
  return {
    ...views,
    spent,
    spoken: withKeys(
      outlook.spoken,
      units.map(({ key }) => key),
    ),
    gains: housing(search, units).gains,
    housed: withKeys(outlook.housed, [...search.task.pods.keys()]),
  }
}
