/**
 * In which order steps stand. What is promoted makes room before anybody is told anything, and what is freed is held before anybody
 * leaves: else the next who asks would get it (kueue#13662).
 */
import type { Issue } from '../../../schema/parsed.ts'
import type { Plan, Step } from '../../plan.ts'
import { placed } from './step-words.ts'

// A notice that is taken back changes nothing that another step counts on.
const TURN: Readonly<Record<Exclude<Step['kind'], 'rescind'>, number>> = {
  promote: 0,
  lapse: 1,
  hold: 1,
  notify: 2,
  evict: 2,
}

export function orderIssues({ steps }: Plan): readonly Issue[] {
  let latest = 0
  return placed(steps).flatMap(({ step, at }) => {
    if (step.kind === 'rescind') return []
    const turn = TURN[step.kind]
    const isLate = turn < latest
    latest = Math.max(latest, turn)
    return isLate ? [{ at, problem: 'it comes after steps that have to wait for it' }] : []
  })
}
