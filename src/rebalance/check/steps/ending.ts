/** What is left of a gang whose eviction was begun is evicted, whole and once, and never told that it may stay. */
import type { Issue } from '../../../schema/parsed.ts'
import type { Rule, Step } from '../../plan.ts'
import { isFair, type Rest } from '../begun.ts'
import type { Scene } from '../course.ts'
import { type Placed, placed, RULE_OF, ruleIssues, wordingIssues } from './step-words.ts'

export function endingIssues({ plan }: Pick<Scene, 'plan'>, rests: readonly Rest[]): readonly Issue[] {
  return rests.flatMap(rest => {
    const about = placed(plan.steps).filter(({ step }) => isAbout(rest, step))
    return [
      ...(about.some(({ step }) => step.kind === 'evict')
        ? []
        : [{ at: rest.unit.key, problem: 'one of it leaves already, and the others are not evicted' }]),
      ...about.flatMap((one, index) => faultsOf(rest, one, index > 0).map(problem => ({ at: one.at, problem }))),
    ]
  })
}

/** Steps that begin with one of its pods are judged here, and by nobody else who asks for a need. */
export function isAbout({ unit }: Rest, step: Step): boolean {
  const pods = 'pods' in step ? step.pods : []
  const isOne = (uid: string | undefined) => unit.pods.some(pod => pod.uid === uid)
  return step.kind === 'rescind' ? pods.some(isOne) : isOne(pods[0])
}

function faultsOf({ unit, need }: Rest, { step }: Placed, isAgain: boolean): readonly string[] {
  if (step.kind !== 'evict') return [`an eviction of ${unit.key} has begun, so it is too late for this`]
  const uids = new Set(step.pods)
  const isWhole = step.pods.length === unit.pods.length && unit.pods.every(({ uid }) => uids.has(uid))
  return [
    ...(isAgain ? [`${unit.key} is evicted once`] : []),
    ...(isWhole ? [] : [`its pods are not all that is left of ${unit.key}, and only those`]),
    ...(step.need === need ? [] : [`it had notice for ${need}, and not for ${step.need}`]),
    ...wordingIssues(step, unit),
    ...ruleIssues(step.rule, ruleOf(need)),
  ]
}

function ruleOf(need: string): Rule {
  if (isFair(need)) return RULE_OF.refused
  return need.startsWith('excess') ? RULE_OF.excess : RULE_OF.entitled
}
