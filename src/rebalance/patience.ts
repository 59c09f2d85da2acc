/**
 * How much is tried in vain within one plan. A search that finds nobody may ask everybody, which takes milliseconds in a large tree, and
 * the next plan comes to the same needs in the same order: so what one tenant asks for in vain must not keep others from being tried.
 */
import type { Course } from './course.ts'
import type { Obstacle, UnmetNeed } from './plan.ts'
import type { Survey } from './survey.ts'
import type { Task } from './task.ts'
import { isPossible } from './victims/search.ts'

export interface Patience {
  /** The course once a task of a tenant was tried by `pursue`; as it is where the patience with that tenant is spent. */
  attempt(tenant: string, task: Task, course: Course, pursue: (course: Course) => Course): Course
  /** What was not tried. */
  untried(): readonly UnmetNeed[]
}

const MOST_IN_ALL = 200
const MOST_OF_ONE = 25

// To see that no node could host a pod takes no search. That one is bounded for each tenant, so that there is an end, and not in all.
const MOST_HOMELESS_OF_ONE = 100

export function patienceIn(survey: Survey): Patience {
  const searches = new Map<string, number>()
  const homeless = new Map<string, number>()
  const untried: UnmetNeed[] = []
  let inAll = 0

  function isSpentOn(tenant: string): boolean {
    return (
      inAll >= MOST_IN_ALL ||
      (searches.get(tenant) ?? 0) >= MOST_OF_ONE ||
      (homeless.get(tenant) ?? 0) >= MOST_HOMELESS_OF_ONE
    )
  }

  function spend(tenant: string, task: Task, because: Obstacle): void {
    // A search may end for want of a node as well.
    if (because === 'no-node' && !isPossible({ task, survey })) {
      homeless.set(tenant, (homeless.get(tenant) ?? 0) + 1)
      return
    }
    searches.set(tenant, (searches.get(tenant) ?? 0) + 1)
    inAll += 1
  }

  return {
    attempt(tenant, task, course, pursue) {
      if (isSpentOn(tenant)) {
        untried.push({ need: task.need, because: 'not-tried' })
        return course
      }
      const next = pursue(course)
      const failed = next.unmet.length > course.unmet.length ? next.unmet.at(-1) : undefined
      if (failed !== undefined) spend(tenant, task, failed.because)
      return next
    },
    untried: () => untried,
  }
}
