/** A step of a plan as people read it: what is done to whom, for whom, and by which rule. */
import type { CarriedOut } from '../../controller/rebalancing/cycle.ts'
import { formatGpus } from '../../quantity/amount.ts'
import type { Amounts } from '../../quota/usage.ts'
import type { Need } from '../../rebalance/need.ts'
import type { Rule, Step } from '../../rebalance/plan.ts'
import type { Snapshot } from '../../rebalance/snapshot.ts'
import type { Paint } from '../terminal.ts'

export interface StepText {
  readonly label: string
  readonly tone: keyof Paint
  readonly lines: readonly string[]
}

export function stepText(step: Step, { snapshot, plan }: CarriedOut): StepText {
  const why = (id: string) => `${claimantOf(plan.met.find(({ need }) => need.id === id)?.need)}: ${ruleText(step)}`
  switch (step.kind) {
    case 'promote': {
      const whom = `${namesOf(step.pods, snapshot)} of ${step.tenant}, ${gpus(step.amounts)}`
      return { label: 'promoted', tone: 'good', lines: [`${whom}: from ${step.from} to ${step.to}`, ruleText(step)] }
    }
    case 'lapse':
      return {
        label: 'lapsed',
        tone: 'note',
        lines: [
          `${gpus(step.amounts)} that a gang of ${step.tenant} held for members that have not come`,
          why(step.need),
        ],
      }
    case 'hold': {
      const { tenant, tier, amounts } = step.claim
      return { label: 'held', tone: 'good', lines: [`${gpus(amounts)} in ${tier} of ${tenant}`, why(step.need)] }
    }
    case 'notify': {
      const seconds = Math.ceil((step.deadlineMs - snapshot.nowMs) / 1_000)
      return {
        label: 'notice',
        tone: 'note',
        lines: [`${victim(step, snapshot)}: to go in ${seconds} s`, why(step.need)],
      }
    }
    case 'evict':
      return { label: 'evicted', tone: 'bad', lines: [victim(step, snapshot), why(step.need)] }
    case 'rescind':
      return {
        label: 'rescinded',
        tone: 'good',
        lines: [`the notice of ${namesOf(step.pods, snapshot)} of ${step.tenant}: ${ruleText(step)}`],
      }
  }
}

type Reclaim = Extract<Step, { readonly kind: 'notify' | 'evict' }>

function victim({ pods, tenant, tier, amounts }: Reclaim, snapshot: Snapshot): string {
  return `${namesOf(pods, snapshot)} of ${tenant}, ${tier}, ${gpus(amounts)}`
}

function ruleText({ rule, tenant }: { readonly rule: Rule; readonly tenant?: string }): string {
  switch (rule) {
    case 'own-reserved-is-free':
      return `what ${tenant} has reserved is free again (${rule})`
    case 'owner-came-back':
      return `what it is owed was lent out (${rule})`
    case 'limit-was-cut':
      return `more is in use than there is (${rule})`
    case 'above-fair-share':
      return `it has less than its share, others have more (${rule})`
    case 'no-longer-needed':
      return `nobody needs it any more (${rule})`
  }
}

function claimantOf(need: Need | undefined): string {
  switch (need?.kind) {
    case undefined:
      return 'for nobody'
    case 'entitled':
      return `for ${need.tenant}`
    case 'excess':
      return `for all of ${need.of.kind} ${need.of.name}`
    case 'claim':
      return `for ${need.claim.tenant}`
    case 'refused':
      return `for ${need.demand.name}`
  }
}

// More names than these say less than their number.
const MOST_NAMES = 3

function namesOf(uids: readonly string[], { pods }: Snapshot): string {
  if (uids.length > MOST_NAMES) return `${uids.length} pods`
  return uids.map(uid => pods.find(pod => pod.uid === uid)?.name ?? uid).join(', ')
}

function gpus(amounts: Amounts): string {
  return [...amounts].map(([name, amount]) => `${formatGpus(amount)} ${name}`).join(', ')
}
