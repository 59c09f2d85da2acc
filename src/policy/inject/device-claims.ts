import { parseQuantity, wholeUnits } from '../../quantity/quantity.ts'
import type { InjectSpec } from '../../schema/inject.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { UNCHOSEN_SCHEDULER } from './keyed.ts'
import { containerAt, everyContainer, type PlacedContainer, type Target } from './target.ts'

type Entry = NonNullable<InjectSpec['deviceClaims']>[number]

/**
 * Asks for devices by claim instead of by extended resource. The resource leaves both limits and requests: one half left
 * behind would be a second allocation, or an object the API server refuses.
 */
export function injectDeviceClaims(entries: readonly Entry[], target: Target): void {
  if (entries.length === 0 || !isConvertible(target)) return
  for (const entry of entries) {
    const users = everyContainer(target.subject).filter(
      placed => countIn(placed, entry.replaces, target) === BigInt(entry.count ?? 1),
    )
    for (const holders of holdersOf(users, entry, target)) {
      const name = declareClaim(entry, target)
      for (const holder of holders) useClaim(holder, name, entry, target)
    }
    if (users.length > 0) target.record(`deviceClaim ${entry.name}`)
  }
}

// Whoever places the pod must understand claims, and must not already be dividing devices in a way of its own.
function isConvertible({ subject, patch }: Target): boolean {
  const isDefaultScheduler = (patch.get(['spec', 'schedulerName']) ?? UNCHOSEN_SCHEDULER) === UNCHOSEN_SCHEDULER
  const { resourceClaims = [] } = subject.pod.spec
  return isDefaultScheduler && resourceClaims.length === 0 && subject.demand?.source === 'resource'
}

/**
 * The containers by the claim they use. A claim of the namespace is for all of them. Of a template each container that runs beside
 * others gets a claim of its own, for the pod must not end up with fewer devices than it asked for; initialisers have ended when the
 * pod's own work starts, and use the devices of that.
 */
function holdersOf(users: readonly PlacedContainer[], entry: Entry, target: Target): readonly PlacedContainer[][] {
  if (users.length === 0) return []
  if (entry.resourceClaimTemplateName === undefined) return [[...users]]
  const initialisers = users.filter(placed => isInitialiser(placed, target))
  const together = users.filter(placed => !initialisers.includes(placed)).map(placed => [placed])
  // In the order in which they start, the pod's own work comes last.
  const last = together.at(-1)
  if (last?.some(({ path }) => path[1] === 'containers')) last.push(...initialisers)
  else if (initialisers.length > 0) together.push(initialisers)
  return together
}

function isInitialiser(placed: PlacedContainer, target: Target): boolean {
  return placed.path[1] === 'initContainers' && containerAt(placed, target).restartPolicy !== 'Always'
}

/** Adds the claim to the pod and returns its name: the second of an entry gets a number. */
function declareClaim(
  { name: wanted, resourceClaimTemplateName, resourceClaimName }: Entry,
  { patch }: Target,
): string {
  const path = ['spec', 'resourceClaims']
  const taken = ((patch.get(path) ?? []) as readonly JsonObject[]).map(claim => claim.name)
  let name = wanted
  for (let number = 2; taken.includes(name); number += 1) name = `${wanted}-${number}`
  const source = {
    ...(resourceClaimTemplateName === undefined ? {} : { resourceClaimTemplateName }),
    ...(resourceClaimName === undefined ? {} : { resourceClaimName }),
  }
  patch.append(path, { name, ...source })
  return name
}

function useClaim({ path }: PlacedContainer, name: string, entry: Entry, { patch }: Target): void {
  patch.remove([...path, 'resources', 'limits', entry.replaces])
  patch.remove([...path, 'resources', 'requests', entry.replaces])
  const request = entry.request === undefined ? {} : { request: entry.request }
  patch.append([...path, 'resources', 'claims'], { name, ...request })
}

function countIn(placed: PlacedContainer, resource: string, target: Target): bigint | undefined {
  const { limits, requests } = containerAt(placed, target).resources ?? {}
  const amounts = [limits, requests].find(side => side !== undefined && Object.hasOwn(side, resource))
  const quantity = parseQuantity(amounts?.[resource])
  return quantity.ok ? wholeUnits(quantity.value) : undefined
}
