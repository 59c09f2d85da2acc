/**
 * Refused demand in turn, without asking everybody again for what was in vain a moment ago: an attempt may ask thousands of pods, and whoever
 * has many controllers that ask for the same would have each of them tried.
 */
import { type Course, pursuedFirst } from './course.ts'
import type { Attempt, Refused } from './needs/asked.ts'
import type { Survey } from './survey.ts'

/**
 * Whoever could give back for more could give back for less. So what asks a leaf for no less than it asked in vain fails as well, as long as
 * nothing was met in between. Whose victims were told already is tried in any case: they are another start.
 */
export function pursuerOf(survey: Survey): (course: Course, demand: Refused) => Course {
  let inVain: readonly Refused[] = []
  const isTold = ({ task }: Attempt) => survey.toldFor(task.need.id).length > 0
  return (course, demand) => {
    const [first] = demand.attempts
    const known = demand.attempts.some(isTold) ? undefined : inVain.find(other => asksNoLess(demand, other))
    const because = known === undefined ? undefined : course.unmet.find(({ need }) => need === needOf(known))?.because
    if (first !== undefined && because !== undefined) {
      return { ...course, unmet: [...course.unmet, { need: first.task.need, because }] }
    }
    const next = pursuedFirst(survey, course, demand)
    if (next.met.length > course.met.length) inVain = []
    else if (next.unmet.length > course.unmet.length) inVain = [...inVain, demand]
    return next
  }
}

function needOf({ attempts: [first] }: Refused): Attempt['task']['need'] | undefined {
  return first?.task.need
}

function asksNoLess({ leaf, attempts }: Refused, other: Refused): boolean {
  if (leaf !== other.leaf || attempts.length !== other.attempts.length) return false
  return attempts.every((attempt, at) => {
    const less = other.attempts[at]
    return less !== undefined && attempt.claim.tier === less.claim.tier && isNoLess(attempt, less)
  })
}

/** In all, and in the size and number of its pods, which are all alike. */
function isNoLess({ task: { pods }, claim }: Attempt, less: Attempt): boolean {
  const [pod, lessOf] = [oneOf(pods) ?? claim.amounts, oneOf(less.task.pods) ?? less.claim.amounts]
  return pods.size >= less.task.pods.size && hasNoLess(claim.amounts, less.claim.amounts) && hasNoLess(pod, lessOf)
}

/** Of the same classes: what asks for another one as well has other givers. */
function hasNoLess(amounts: Attempt['claim']['amounts'], less: Attempt['claim']['amounts']): boolean {
  return amounts.size === less.size && less.entries().every(([key, asked]) => (amounts.get(key) ?? -1n) >= asked)
}

function oneOf(pods: Attempt['task']['pods']): Attempt['claim']['amounts'] | undefined {
  return pods.values().next().value
}
