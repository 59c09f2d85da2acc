/** How far the planning has come. Each need is met in turn, in the outlook that those before it leave. */
import type { Refused } from './asked.ts'
import type { Outlook } from './outlook.ts'
import type { MetNeed, Step, UnmetNeed } from './plan.ts'
import { holdFor, stepsFor } from './steps.ts'
import type { Survey } from './survey.ts'
import type { Task } from './task.ts'
import { claimed, metNeed, type Success, type Tried, tried } from './tried.ts'

export interface Course {
  readonly outlook: Outlook
  readonly steps: readonly Step[]
  readonly met: readonly MetNeed[]
  readonly unmet: readonly UnmetNeed[]
}

/** The course once something that is owed was tried. */
export function withOwed(survey: Survey, course: Course, task: Task): Course {
  const result = tried(survey, course.outlook, task)
  return result.ok ? withMet(course, result, stepsFor(survey, result)) : withUnmet(course, task, result)
}

/** A claim stands in the ledger, so it is in the outlook even where nobody gives back for it. */
export function withClaim(survey: Survey, course: Course, task: Task): Course {
  const after = withOwed(survey, course, task)
  return after.outlook === course.outlook ? { ...after, outlook: claimed(course.outlook, task) } : after
}

/**
 * Demand that was refused is met in the first tier in which others can make room. Where nobody has to, because room is being freed
 * already, waking whoever was refused is enough.
 */
export function withRefused(survey: Survey, course: Course, { attempts, leaf }: Refused): Course {
  let first: { readonly task: Task; readonly result: Tried } | undefined
  for (const { task, claim } of attempts) {
    const result = tried(survey, course.outlook, task)
    if (result.ok && result.units.length === 0) return { ...course, outlook: result.outlook }
    if (result.ok) return withMet(course, result, [holdFor(survey, result, claim, leaf), ...stepsFor(survey, result)])
    first ??= { task, result }
  }
  return first === undefined || first.result.ok ? course : withUnmet(course, first.task, first.result)
}

/** What is only shown happens to nobody: no steps, and those who come after find everything as it was. */
function withMet(course: Course, result: Success, steps: readonly Step[]): Course {
  const met = [...course.met, metNeed(result)]
  if (!result.isApplied) return { ...course, met }
  return { ...course, met, steps: [...course.steps, ...steps], outlook: result.outlook }
}

function withUnmet(course: Course, { need }: Task, { because }: Extract<Tried, { ok: false }>): Course {
  return { ...course, unmet: [...course.unmet, { need, because }] }
}
