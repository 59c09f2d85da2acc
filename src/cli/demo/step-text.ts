/** A step of a plan as people read it: what is done to whom, for whom, and by which rule, in the words of the events of a cluster. */
import type { CarriedOut } from '../../controller/rebalancing/cycle.ts'
import { forWhom, gpusOf } from '../../controller/rebalancing/for-whom.ts'
import type { Step } from '../../rebalance/plan.ts'
import type { Snapshot } from '../../rebalance/snapshot.ts'
import type { Paint } from '../terminal.ts'

export interface StepText {
  readonly label: string
  readonly tone: keyof Paint
  readonly lines: readonly string[]
}

export function stepText(step: Step, { snapshot, plan }: CarriedOut): StepText {
  const need = step.kind === 'promote' ? undefined : plan.met.find(met => met.need.id === step.need)?.need
  const why = `because ${forWhom(step.rule, need)} (${step.rule})`
  switch (step.kind) {
    case 'promote': {
      const whom = `${namesOf(step.pods, snapshot)} of ${step.tenant}, ${gpusOf(step.amounts)}`
      return { label: 'promoted', tone: 'good', lines: [`${whom}: from ${step.from} to ${step.to}`, why] }
    }
    case 'lapse':
      return {
        label: 'lapsed',
        tone: 'note',
        lines: [`${gpusOf(step.amounts)} that a gang of ${step.tenant} held for members that have not come`, why],
      }
    case 'hold': {
      const { tenant, tier, amounts } = step.claim
      return { label: 'held', tone: 'good', lines: [`${gpusOf(amounts)} in ${tier} of ${tenant}`, why] }
    }
    case 'notify': {
      const seconds = Math.ceil((step.deadlineMs - snapshot.nowMs) / 1_000)
      return {
        label: 'notice',
        tone: 'note',
        lines: [`${victim(step, snapshot)}: to go in ${seconds} s`, why],
      }
    }
    case 'evict':
      return { label: 'evicted', tone: 'bad', lines: [victim(step, snapshot), why] }
    case 'rescind':
      return {
        label: 'rescinded',
        tone: 'good',
        lines: [`the notice of ${namesOf(step.pods, snapshot)} of ${step.tenant}`, why],
      }
  }
}

type Reclaim = Extract<Step, { readonly kind: 'notify' | 'evict' }>

function victim({ pods, tenant, tier, amounts }: Reclaim, snapshot: Snapshot): string {
  return `${namesOf(pods, snapshot)} of ${tenant}, ${tier}, ${gpusOf(amounts)}`
}

// More names than these say less than their number.
const MOST_NAMES = 3

function namesOf(uids: readonly string[], { pods }: Snapshot): string {
  if (uids.length > MOST_NAMES) return `${uids.length} pods`
  return uids.map(uid => pods.find(pod => pod.uid === uid)?.name ?? uid).join(', ')
}
