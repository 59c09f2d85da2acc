/** What a step must say of whom it is about. */
import type { Need } from '../../need.ts'
import type { Rule, Step } from '../../plan.ts'
import { areSame, type Sums, sumsText } from '../counting/sums.ts'
import type { Unit } from '../units.ts'

/** A step and its place in the plan, as problems name it. */
export interface Placed<S extends Step = Step> {
  readonly step: S
  readonly at: string
}

export function placed(steps: readonly Step[]): readonly Placed[] {
  return steps.map((step, index) => ({ step, at: `step ${index + 1} (${step.kind})` }))
}

export const RULE_OF: Readonly<Record<Need['kind'], Rule>> = {
  entitled: 'owner-came-back',
  excess: 'over-its-limit',
  claim: 'above-fair-share',
  refused: 'above-fair-share',
}

interface Said {
  readonly tenant: string
  readonly tier: string
  readonly amounts: Sums
}

export function wordingIssues(said: Said, unit: Unit): readonly string[] {
  const { tenant, tier, amounts } = unit
  return [
    ...(said.tenant === tenant ? [] : [`it says ${said.tenant}, and they are of ${tenant}`]),
    ...(said.tier === tier ? [] : [`it says ${said.tier}, and they are ${tier}`]),
    ...(areSame(said.amounts, amounts) ? [] : [`it says ${sumsText(said.amounts)}, and it is ${sumsText(amounts)}`]),
  ]
}

export function ruleIssues(rule: Rule, wanted: Rule): readonly string[] {
  return rule === wanted ? [] : [`its rule is ${rule}, and not ${wanted}`]
}
