/** What people are told of a step: why, and for whom. One line of ASCII, as events and logs have it. */
import { asciiLine, quoted } from '../../admission/text.ts'
import { formatGpus } from '../../quantity/amount.ts'
import type { Amounts } from '../../quota/usage.ts'
import type { Need } from '../../rebalance/need.ts'
import type { Rule } from '../../rebalance/plan.ts'

/** `tenant team-b, whose capacity it is, has come back for it`; without the need only the rule is known. */
export function forWhom(rule: Rule, need: Need | undefined): string {
  return need === undefined ? BY_RULE[rule] : asciiLine(byNeed(need))
}

const BY_RULE: Readonly<Record<Rule, string>> = {
  'own-reserved-is-free': 'reserved capacity of its own tenant is free',
  'owner-came-back': 'whose capacity it is has come back for it',
  'over-its-limit': 'more is in use than there is',
  'above-fair-share': 'its tenant has more than its fair share, and others have less',
  'no-longer-needed': 'nobody needs its capacity any more',
}

function byNeed(need: Need): string {
  switch (need.kind) {
    case 'entitled':
      return `tenant ${need.tenant}, whose capacity it is, has come back for it`
    case 'excess':
      return `more is used than ${need.of.kind} ${need.of.name} has`
    case 'claim':
      return `the capacity is kept for tenant ${need.claim.tenant}, which has less than its share`
    case 'refused':
      return `${quoted(need.demand.name, 120)} of tenant ${need.demand.tenant} was refused, which has less than its share`
  }
}

/** `8 h100, 1.5 a100-80gb`, in the order of class names. */
export function gpusOf(amounts: Amounts): string {
  return [...amounts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, amount]) => `${formatGpus(amount)} ${key}`)
    .join(', ')
}
