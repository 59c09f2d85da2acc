import type { InjectSpec } from '../../schema/inject.ts'
import type { JsonPath } from '../patch.ts'
import type { Target, When } from './target.ts'
import { isLabelValue } from './values.ts'

interface Entry {
  readonly key: string
  readonly value?: string
  readonly expression?: string
  readonly when?: When
}

/** Labels, annotations and node selectors: maps of text, one entry a key. */
export function injectKeyed(
  what: 'label' | 'annotation' | 'nodeSelector',
  entries: readonly Entry[],
  target: Target,
): void {
  for (const entry of entries) {
    const path = [...PLACES[what], entry.key]
    const present = target.patch.get(path)
    if (present !== undefined && entry.when !== 'enforce') continue
    const value = target.text(entry)
    if (value === undefined || value === present) continue
    if (what !== 'annotation' && !isLabelValue(value)) {
      target.fail(`${what} ${entry.key}: the expression gives no label value`)
      continue
    }
    target.patch.set(path, value)
    target.record(`${what} ${entry.key}`)
  }
}

const PLACES: Readonly<Record<'label' | 'annotation' | 'nodeSelector', JsonPath>> = {
  label: ['metadata', 'labels'],
  annotation: ['metadata', 'annotations'],
  nodeSelector: ['spec', 'nodeSelector'],
}

// The API server fills in the default before any webhook runs, so its name means that nobody chose.
export const UNCHOSEN_SCHEDULER = 'default-scheduler'

export function injectSchedulerName(block: NonNullable<InjectSpec['schedulerName']>, target: Target): void {
  const current = target.patch.get(['spec', 'schedulerName']) ?? UNCHOSEN_SCHEDULER
  if (current === block.name || (current !== UNCHOSEN_SCHEDULER && block.when !== 'enforce')) return
  target.patch.set(['spec', 'schedulerName'], block.name)
  target.record(`schedulerName ${block.name}`)
}
