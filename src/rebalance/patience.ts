/**
 * How much is tried in vain within one plan. A search that finds nobody may ask everybody, which takes milliseconds in a large tree, and
 * the next plan comes to the same needs in the same order: so what one tenant asks for in vain must not keep others from being tried.
 */
import type { Obstacle } from './plan.ts'
import type { Survey } from './survey.ts'
import type { Task } from './task.ts'
import { isPossible } from './victims/search.ts'

export interface Patience {
  isSpentOn(tenant: string): boolean
  /** Notes that a task of a tenant was tried in vain. */
  spend(tenant: string, task: Task, because: Obstacle): void
}

const MOST_IN_ALL = 200
const MOST_OF_ONE = 25

// To see that no node could host a pod takes no search. That one is bounded for each tenant, so that there is an end, and not in all.
const MOST_HOMELESS_OF_ONE = 100

export function patienceIn(survey: Survey): Patience {
  const searches = new Map<string, number>()
  const homeless = new Map<string, number>()
  let inAll = 0
  return {
    isSpentOn: tenant =>
      inAll >= MOST_IN_ALL ||
      (searches.get(tenant) ?? 0) >= MOST_OF_ONE ||
      (homeless.get(tenant) ?? 0) >= MOST_HOMELESS_OF_ONE,
    spend(tenant, task, because) {
      // A search may end for want of a node as well.
      if (because === 'no-node' && !isPossible({ task, survey })) {
        homeless.set(tenant, (homeless.get(tenant) ?? 0) + 1)
        return
      }
      searches.set(tenant, (searches.get(tenant) ?? 0) + 1)
      inAll += 1
    },
  }
}
