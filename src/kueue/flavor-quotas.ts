import { NANOS_PER_UNIT, parseQuantity } from '../quantity/quantity.ts'
import type { ResourceGroups } from '../schema/kueue.ts'
import type { Issue } from '../schema/parsed.ts'
import type { JsonValue } from '../schema/parts.ts'

/** What a ClusterQueue or a Cohort has of one resource of one flavor, in whole devices as Kueue counts them. */
export interface FlavorQuota {
  readonly flavor: string
  readonly resource: string
  readonly nominal: bigint
  /** null: no limit. */
  readonly borrowingLimit: bigint | null
  readonly lendingLimit: bigint | null
}

/** Kueue's key of a quota. */
export function quotaKey({ flavor, resource }: Pick<FlavorQuota, 'flavor' | 'resource'>): string {
  return JSON.stringify([flavor, resource])
}

/** Past this no cluster has that many devices, and their thousandths still fit what a document can say. */
const MOST_DEVICES = 10n ** 10n

/**
 * The quotas for the resources that are wanted, in the order of the flavors: the order in which Kueue tries them. Issues go to
 * `issues`; the value is then of no use.
 */
export function flavorQuotas(
  groups: ResourceGroups,
  isWanted: (resource: string) => boolean,
  at: string,
  issues: Issue[],
): readonly FlavorQuota[] {
  const seen = new Set<string>()
  const quotas: FlavorQuota[] = []
  for (const [g, { flavors }] of groups.entries()) {
    for (const [f, { name: flavor, resources }] of flavors.entries()) {
      for (const [r, entry] of resources.entries()) {
        if (!isWanted(entry.name)) continue
        const place = `${at}: spec.resourceGroups[${g}].flavors[${f}].resources[${r}]`
        const key = quotaKey({ flavor, resource: entry.name })
        if (seen.has(key)) issues.push(twice(place, flavor, entry.name))
        seen.add(key)
        quotas.push(readQuota(flavor, entry, place, issues))
      }
    }
  }
  return quotas
}

type Entry = ResourceGroups[number]['flavors'][number]['resources'][number]

function readQuota(flavor: string, entry: Entry, place: string, issues: Issue[]): FlavorQuota {
  const devices = (field: string, value: JsonValue) => devicesOf(value, `${place}.${field}`, issues)
  const limit = (field: string, value: JsonValue | undefined) => {
    const most = value === undefined ? null : devices(field, value)
    // A limit that nothing can reach is none, as it is to Kueue past 2^63.
    return most === null || most > MOST_DEVICES ? null : most
  }
  const nominal = devices('nominalQuota', entry.nominalQuota)
  if (nominal > MOST_DEVICES) issues.push(endless(`${place}.nominalQuota`))
  return {
    flavor,
    resource: entry.name,
    nominal,
    borrowingLimit: limit('borrowingLimit', entry.borrowingLimit),
    lendingLimit: limit('lendingLimit', entry.lendingLimit),
  }
}

/** Kueue counts everything but CPU in whole units and rounds up (`resource.Quantity.Value`). */
function devicesOf(value: JsonValue, at: string, issues: Issue[]): bigint {
  const quantity = parseQuantity(value)
  if (!quantity.ok) {
    issues.push({ at, problem: quantity.problem, remedy: 'write a number of devices, such as 8' })
    return 0n
  }
  const { nanos } = quantity.value
  if (nanos < 0n) issues.push({ at, problem: `${JSON.stringify(value)} is negative`, remedy: 'use 0 or more' })
  return (nanos + NANOS_PER_UNIT - 1n) / NANOS_PER_UNIT
}

function twice(at: string, flavor: string, resource: string): Issue {
  return { at, problem: `${resource} of flavor ${flavor} is there already`, remedy: 'remove one of them' }
}

function endless(at: string): Issue {
  const remedy = 'a cohort promises no more than it has: write how many devices there are'
  return {
    at,
    problem: `more than ${MOST_DEVICES} devices are as good as no limit, which a reservation must have`,
    remedy,
  }
}
