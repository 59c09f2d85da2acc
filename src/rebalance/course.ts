/**
 * How far the planning has come. Each need is met in turn, in the outlook that those before it leave.
 *
 * There are two outlooks: in cohorts that are only shown plans nothing happens to anybody, so what is applied must not count on them; and
 * what is shown counts on everybody, or it would show the same victims again and again.
 */
import type { Attempt, Refused } from './needs/asked.ts'
import type { Outlook } from './outlook.ts'
import type { Obstacle, UnmetNeed } from './plan.ts'
import type { Survey } from './survey.ts'
import type { Task } from './task.ts'
import { repeated, type Success, tried } from './tried.ts'
import type { Unit } from './units.ts'

export interface Course {
  readonly applied: Outlook
  readonly shown: Outlook
  readonly met: readonly Met[]
  readonly unmet: readonly UnmetNeed[]
}

export interface Met {
  readonly task: Task
  readonly units: readonly Unit[]
  readonly isApplied: boolean
  /** What is to be held for it; null where it is owed, or held already. */
  readonly claim: Attempt['claim'] | null
}

/** The course once a need was tried. */
export function pursued(survey: Survey, course: Course, task: Task): Course {
  const next = served(survey, course, task, null)
  return typeof next === 'string' ? withUnmet(course, task, next) : next
}

/**
 * Demand that was refused is met in the first tier in which others can make room. Where nobody has to, because room is being freed
 * already, nothing is held: whoever is woken first gets it, and who comes too late is refused again.
 */
export function pursuedFirst(survey: Survey, course: Course, { attempts }: Refused): Course {
  let first: UnmetNeed | undefined
  for (const { task, claim } of attempts) {
    const next = served(survey, course, task, claim)
    if (typeof next === 'string') first ??= { need: task.need, because: next }
    else return next.met.at(-1)?.units.length === 0 ? course : next
  }
  return first === undefined ? course : { ...course, unmet: [...course.unmet, first] }
}

function served(survey: Survey, course: Course, task: Task, claim: Met['claim']): Course | Obstacle {
  const result = tried(survey, course.applied, task)
  if (result.ok && !result.units.some(unit => isShown(survey, unit))) {
    const shown = course.shown === course.applied ? result.outlook : repeated(survey, course.shown, result)
    return withMet({ ...course, applied: result.outlook, shown }, result, true, claim)
  }
  const other = course.shown === course.applied ? result : tried(survey, course.shown, task)
  if (!other.ok) return other.because
  if (other.units.length > 0 && !other.units.some(unit => isShown(survey, unit))) {
    return result.ok ? 'protected' : result.because
  }
  const { spoken, spent } = other.outlook
  return withMet(
    { ...course, applied: { ...course.applied, spoken, spent }, shown: other.outlook },
    other,
    false,
    claim,
  )
}

function withMet(course: Course, { task, units }: Success, isApplied: boolean, claim: Met['claim']): Course {
  return { ...course, met: [...course.met, { task, units, isApplied, claim }] }
}

function withUnmet(course: Course, { need }: Task, because: Obstacle): Course {
  return { ...course, unmet: [...course.unmet, { need, because }] }
}

/** Whether it is in a cohort that is only shown plans. */
export function isShown(survey: Survey, { leaf }: Unit): boolean {
  return survey.termsAt(leaf).mode === 'DryRun'
}
