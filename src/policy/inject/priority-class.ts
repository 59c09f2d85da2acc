import type { InjectSpec } from '../../schema/inject.ts'
import type { Target } from './target.ts'

/**
 * Sets the PriorityClass of the tier. The in-tree Priority plugin has run before and will run again: an integer that it
 * derived from another class, and a preemption policy likewise, make it refuse the pod, so both leave with the old class.
 */
export function injectPriorityClass(block: NonNullable<InjectSpec['priorityClass']>, target: Target): void {
  const { subject, patch, surroundings } = target
  const wanted = block.byTier.find(entry => entry.tier === subject.tier)?.name
  // A class that nobody declared would make the API server refuse the pod, and so would anything of the system's own.
  if (wanted === undefined || !surroundings.priorityClasses.has(wanted)) return

  const current = String(patch.get(['spec', 'priorityClassName']) ?? '')
  if (current === wanted || current.startsWith('system-')) return
  const isAbsent =
    current === '' || current === surroundings.defaultPriorityClass || block.treatAsAbsent?.includes(current) === true
  if (!isAbsent && block.when !== 'enforce') return

  patch.set(['spec', 'priorityClassName'], wanted)
  patch.remove(['spec', 'priority'])
  patch.remove(['spec', 'preemptionPolicy'])
  target.record(`priorityClass ${wanted}`)
}
