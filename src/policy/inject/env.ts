import type { InjectSpec } from '../../schema/inject.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { chosenContainers, type PlacedContainer, type Target, type When } from './target.ts'

type Entry = NonNullable<InjectSpec['env']>[number]

export function injectEnv(entries: readonly Entry[], target: Target): void {
  for (const entry of entries) {
    for (const placed of chosenContainers(target.subject, entry.containers)) {
      const value = target.text(entry)
      if (value !== undefined) setVariable(placed, entry.name, value, entry.when, target)
    }
  }
}

/** Appends a variable; one that is there, with a value or a reference, is only replaced where the policy enforces it. */
export function setVariable(placed: PlacedContainer, name: string, value: string, when: When, target: Target): void {
  const path = [...placed.path, 'env']
  const present = (target.patch.get(path) ?? []) as readonly JsonObject[]
  const index = present.findIndex(variable => variable.name === name)
  if (index < 0) {
    target.patch.append(path, { name, value })
    target.record(`env ${name}`)
    return
  }
  if (when !== 'enforce' || present[index]?.value === value) return
  target.patch.set([...path, index], { name, value })
  target.record(`env ${name}`)
}
