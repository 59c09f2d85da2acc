import type { InjectSpec } from '../../schema/inject.ts'
import {
  acceleratedWorkers,
  containerAt,
  everyContainer,
  type PlacedContainer,
  type Target,
  type When,
} from './target.ts'

type Entry = NonNullable<InjectSpec['devices']>[number]

export function injectDevices(entries: readonly Entry[], target: Target): void {
  const [first] = acceleratedWorkers(target.subject)
  if (first === undefined) return
  for (const entry of entries) {
    const count = target.count(entry)
    if (count !== undefined && count > 0) requestDevice(first, entry.resource, count, entry.when, target)
  }
}

/** Whether any container of the pod asks for the resource; a pod that does has its own idea of how many. */
export function asksFor(resource: string, target: Target): boolean {
  return everyContainer(target.subject).some(placed => {
    const { limits = {}, requests = {} } = containerAt(placed, target).resources ?? {}
    return Object.hasOwn(limits, resource) || Object.hasOwn(requests, resource)
  })
}

/** Asks for devices in limits and in requests: the API server refuses an extended resource whose two sides differ. */
export function requestDevice(
  placed: PlacedContainer,
  resource: string,
  count: number,
  when: When,
  target: Target,
): void {
  if (when !== 'enforce' && asksFor(resource, target)) return
  const wanted = String(count)
  const sides = ['limits', 'requests'].map(side => [...placed.path, 'resources', side, resource])
  if (sides.every(path => String(target.patch.get(path)) === wanted)) return
  for (const path of sides) target.patch.set(path, wanted)
  target.record(`device ${resource}=${wanted}`)
}
