/** The events that tell a pod's people what the rebalancer does with it. */
import { asciiLine } from '../../admission/text.ts'
import { CHECKPOINT_ANNOTATION } from '../../policy/owned-keys.ts'
import type { Need } from '../../rebalance/need.ts'
import type { Evict, Notify, Promote, Rescind } from '../../rebalance/plan.ts'
import type { CountedPod } from '../counting/tree-count.ts'
import type { Told } from './events.ts'
import { forWhom, gpusOf } from './for-whom.ts'
import type { PodName } from './pod-calls.ts'

interface Subject extends PodName {
  readonly counted: CountedPod
}

export function tellOfNotice(pod: Subject, { rule, deadlineMs }: Notify, need: Need | undefined): Told {
  const deadline = new Date(deadlineMs).toISOString()
  return {
    ...about(pod),
    type: 'Warning',
    reason: 'ReclaimNotice',
    action: 'Notify',
    occasion: deadline,
    note: sentence(
      `This pod is evicted at ${deadline} or later, because it uses ${borrowed(pod)} and ${forWhom(rule, need)} (${rule}).`,
      `Save its work by then; ${CHECKPOINT_ANNOTATION} says when that was done last.`,
    ),
  }
}

export function tellOfRescission(pod: Subject, { rule, need }: Rescind): Told {
  const told = `The notice is taken back: ${forWhom(rule, undefined)} (${rule}).`
  const occasion = `${need} ${pod.counted.facts.standing.notice?.deadlineMs ?? ''}`
  return { ...about(pod), type: 'Normal', reason: 'ReclaimRescinded', action: 'Rescind', occasion, note: told }
}

export function tellOfEviction(pod: Subject, { rule, need: id }: Evict, need: Need | undefined): Told {
  return {
    ...about(pod),
    type: 'Warning',
    reason: rule === 'above-fair-share' ? 'ReclaimedForFairness' : 'Reclaimed',
    action: 'Evict',
    occasion: id,
    note: sentence(
      `Evicted after notice, because it used ${borrowed(pod)} and ${forWhom(rule, need)} (${rule}).`,
      'It is admitted again when there is room.',
    ),
  }
}

export function tellOfPromotion(pod: Subject, { rule, from, to }: Promote): Told {
  const note = `Counted as ${to} from now on instead of ${from}, because ${forWhom(rule, undefined)} (${rule}).`
  return { ...about(pod), type: 'Normal', reason: 'Promoted', action: 'Promote', occasion: to, note }
}

function about({ uid, namespace, name }: PodName): Pick<Told, 'regarding'> {
  return { regarding: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid } }
}

function borrowed({ counted: { seen } }: Subject): string {
  return `${gpusOf(seen.amounts)} as ${seen.tier}`
}

function sentence(...sentences: readonly string[]): string {
  return asciiLine(sentences.join(' '))
}
