import type { InjectSpec } from '../../schema/inject.ts'
import { chosenContainers, containerAt, type PlacedContainer, type Target, type When } from './target.ts'

type Entry = NonNullable<InjectSpec['env']>[number]

export function injectEnv(entries: readonly Entry[], target: Target): void {
  for (const entry of entries) {
    const open = chosenContainers(target.subject, entry.containers).filter(
      placed => entry.when === 'enforce' || lastOf(entry.name, placed, target) === undefined,
    )
    if (open.length === 0) continue
    const value = target.text(entry)
    if (value === undefined) continue
    for (const placed of open) setVariable(placed, entry.name, value, entry.when, target)
  }
}

/** Appends a variable; one that is there, with a value or a reference, is only replaced where the policy enforces it. */
export function setVariable(placed: PlacedContainer, name: string, value: string, when: When, target: Target): void {
  const path = [...placed.path, 'env']
  const present = lastOf(name, placed, target)
  if (present === undefined) target.patch.append(path, { name, value })
  else if (when === 'enforce' && present.value !== value) target.patch.set([...path, present.index], { name, value })
  else return
  target.record(`env ${name}`)
}

// Of several variables of one name the container sees the last.
function lastOf(name: string, placed: PlacedContainer, target: Target) {
  const { env = [] } = containerAt(placed, target)
  const index = env.findLastIndex(variable => variable.name === name)
  return index < 0 ? undefined : { index, value: env[index]?.value }
}
