import { parseQuantity, wholeUnits } from '../../quantity/quantity.ts'
import type { InjectSpec } from '../../schema/inject.ts'
import type { JsonObject } from '../../schema/parts.ts'
import type { Container } from '../../schema/pod.ts'
import type { PlacedContainer, Target } from './target.ts'

type Entry = NonNullable<InjectSpec['deviceClaims']>[number]

/**
 * Asks for devices by claim instead of by extended resource. The resource leaves both limits and requests: one half left
 * behind would be a second allocation, or an object the API server refuses.
 */
export function injectDeviceClaims(entries: readonly Entry[], target: Target): void {
  if (!isConvertible(target)) return
  for (const entry of entries) {
    const users = everyContainer(target).filter(
      ({ container }) => countOf(container, entry.replaces) === BigInt(entry.count ?? 1),
    )
    if (users.length === 0) continue
    declareClaim(entry, target)
    for (const user of users) useClaim(user, entry, target)
    target.record(`deviceClaim ${entry.name}`)
  }
}

// Whoever places the pod must understand claims, and must not already be dividing devices in a way of its own.
function isConvertible({ subject }: Target): boolean {
  const { schedulerName, resourceClaims } = subject.pod.spec
  const isDefaultScheduler = schedulerName === undefined || schedulerName === 'default-scheduler'
  return isDefaultScheduler && (resourceClaims ?? []).length === 0 && subject.demand?.source === 'resource'
}

function declareClaim(entry: Entry, { patch }: Target): void {
  const { name, resourceClaimTemplateName, resourceClaimName } = entry
  const source: JsonObject =
    resourceClaimTemplateName === undefined
      ? { resourceClaimName: resourceClaimName ?? name }
      : { resourceClaimTemplateName }
  patch.append(['spec', 'resourceClaims'], { name, ...source })
}

function useClaim({ path }: PlacedContainer, entry: Entry, { patch }: Target): void {
  patch.remove([...path, 'resources', 'limits', entry.replaces])
  patch.remove([...path, 'resources', 'requests', entry.replaces])
  const request = entry.request === undefined ? {} : { request: entry.request }
  patch.append([...path, 'resources', 'claims'], { name: entry.name, ...request })
}

function everyContainer({ subject }: Target): readonly PlacedContainer[] {
  const { containers, initContainers = [] } = subject.pod.spec
  return [
    ...initContainers.map((container, index) => ({ container, path: ['spec', 'initContainers', index] })),
    ...containers.map((container, index) => ({ container, path: ['spec', 'containers', index] })),
  ]
}

function countOf({ resources }: Container, resource: string): bigint | undefined {
  const amounts = [resources?.limits, resources?.requests].find(
    side => side !== undefined && Object.hasOwn(side, resource),
  )
  const quantity = parseQuantity(amounts?.[resource])
  return quantity.ok ? wholeUnits(quantity.value) : undefined
}
