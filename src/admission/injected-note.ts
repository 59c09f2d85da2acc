/** The line that says on a pod which policy set what (`sluice.dev/injected`). */
import { INJECTED_ANNOTATION } from '../policy/owned-keys.ts'
import type { Injection } from '../policy/policy-set.ts'
import type { Tier } from '../schema/parts.ts'
import type { Pod } from '../schema/pod.ts'

/** What is noted where the admission itself chose the tier. */
const CHOSEN = { policy: 'quota', what: 'tier' } as const

export function tierInjection(tier: Tier): Injection {
  return { policy: CHOSEN.policy, what: `${CHOSEN.what} ${tier}` }
}

/** What an earlier pass noted stays. */
export function noteOf(pod: Pod, injections: readonly Injection[]): string {
  const annotations = pod.metadata.annotations ?? {}
  const before = Object.hasOwn(annotations, INJECTED_ANNOTATION) ? annotations[INJECTED_ANNOTATION] : undefined
  const byPolicy = Map.groupBy(injections, injection => injection.policy)
  const notes = [...byPolicy].map(
    ([policy, entries]) => `${policy}: ${[...new Set(entries.map(e => e.what))].join(', ')}`,
  )
  return [...(before === undefined || before === '' ? [] : [before]), ...notes].join('; ')
}

/** Whether the admission chose the tier of the pod that carries this note. One that is forged harms only the pod that carries it. */
export function isTierChosen(note: string): boolean {
  return note.split('; ').some(entry => entry.startsWith(`${CHOSEN.policy}: ${CHOSEN.what} `))
}
