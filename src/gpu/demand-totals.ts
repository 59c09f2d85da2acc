import { type Amount, add, amount, ZERO } from '../quantity/amount.ts'
import type { ClaimCharge, ClaimLine, PodClaims } from './claims.ts'
import type { AcceleratorClass, ClassTable } from './class-table.ts'
import type { Line } from './container-charges.ts'
import type { ClaimUse, ContainerRef, ContainerRequest } from './container-requests.ts'
import { effectiveRequest } from './effective-request.ts'
import type { FractionCharge } from './fractions.ts'

/** Everything a pod is charged for, before it is added up. */
export interface Charges {
  /** In the order the containers start. */
  readonly containers: readonly ChargedContainer[]
  readonly overhead: readonly Line[]
  readonly fraction: FractionCharge | undefined
  readonly claims: PodClaims
}

interface ChargedContainer extends ContainerRequest {
  readonly lines: readonly Line[]
}

export type DemandSource = 'resource' | 'claim' | 'fraction' | 'mixed'

export interface ContainerAmount {
  readonly ref: ContainerRef
  readonly amount: Amount
}

export interface SharedClaim {
  /** The name of the ResourceClaim in the pod's namespace. */
  readonly name: string
  readonly byClass: ReadonlyMap<string, Amount>
}

/** Milli-GPU by class, in the order of class names, none of them 0. */
export function amountsByClass(charges: Charges): ReadonlyMap<string, Amount> {
  const sums = new Map<string, Amount>()
  // Resource by resource, as the scheduler holds them: a GPU of an init container does not make room for a MIG device after it.
  const owners = new Map<string, AcceleratorClass>()
  for (const { lines } of charges.containers) {
    for (const line of lines) owners.set(line.resource, line.class)
  }
  for (const [resource, milliGpus] of effectiveRequest(charges.containers.map(holdingOf))) {
    charge(sums, owners.get(resource), milliGpus)
  }
  for (const line of charges.overhead) charge(sums, line.class, line.milliGpus)
  charge(sums, charges.fraction?.class, charges.fraction?.milliGpus ?? 0n)
  for (const { lines, isRepeat } of charges.claims.charges) {
    for (const line of isRepeat ? [] : lines) charge(sums, line.class, line.milliGpus)
  }
  return sortedByKey(sums)
}

export function totalOf(byClass: ReadonlyMap<string, Amount>): Amount {
  return byClass.values().reduce(add, ZERO)
}

export function vendorsOf(byClass: ReadonlyMap<string, Amount>, table: ClassTable): ReadonlySet<string> {
  const vendors = new Set<string>()
  for (const name of byClass.keys()) {
    const owner = table.classes.get(name)
    if (owner !== undefined) vendors.add(owner.vendor)
  }
  return vendors
}

/** What each container uses, without those that use nothing. A claim counts in every container that uses it. */
export function amountsByContainer({ containers, fraction, claims }: Charges): readonly ContainerAmount[] {
  const linesByClaim = new Map(claims.charges.map(({ claim, lines }) => [claim, lines]))
  const used: ContainerAmount[] = []
  for (const { ref, lines, claims: uses } of containers) {
    // A set: two uses of one claim may name the same request.
    const all = new Set<{ readonly milliGpus: bigint }>(lines)
    for (const use of uses) for (const line of linesUsed(use, linesByClaim.get(use.name) ?? [])) all.add(line)
    if (fraction !== undefined && isSame(ref, fraction.container)) all.add(fraction)
    const milliGpus = all.values().reduce((sum, line) => sum + line.milliGpus, 0n)
    if (milliGpus > 0n) used.push({ ref, amount: amount(milliGpus) })
  }
  return used
}

export function sourceOf({ containers, overhead, fraction, claims }: Charges): DemandSource {
  const sources = new Set<DemandSource>()
  for (const lines of [overhead, ...containers.map(container => container.lines)]) {
    for (const { isPart } of lines) sources.add(isPart ? 'fraction' : 'resource')
  }
  if (fraction !== undefined) sources.add('fraction')
  if (claims.charges.some(({ lines }) => lines.length > 0)) sources.add('claim')
  const [source = 'resource', ...others] = sources
  return others.length === 0 ? source : 'mixed'
}

export function sharedClaimsOf(charges: readonly ClaimCharge[]): readonly SharedClaim[] {
  return charges.flatMap(({ shared, isRepeat, lines }) => {
    if (shared === undefined || isRepeat || lines.length === 0) return []
    const sums = new Map<string, Amount>()
    for (const line of lines) charge(sums, line.class, line.milliGpus)
    return [{ name: shared, byClass: sortedByKey(sums) }]
  })
}

export function sortedByKey<V>(entries: Map<string, V>): ReadonlyMap<string, V> {
  return entries.size < 2 ? entries : new Map([...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function charge(sums: Map<string, Amount>, owner: AcceleratorClass | undefined, milliGpus: bigint): void {
  if (owner !== undefined && milliGpus > 0n) sums.set(owner.name, add(sums.get(owner.name) ?? ZERO, amount(milliGpus)))
}

function holdingOf({ phase, lines }: ChargedContainer) {
  return { phase, amounts: lines.map(line => [line.resource, line.milliGpus] as const) }
}

function linesUsed({ request }: ClaimUse, lines: readonly ClaimLine[]): readonly ClaimLine[] {
  return request === undefined ? lines : lines.filter(line => line.request === request)
}

function isSame(a: ContainerRef, b: ContainerRef): boolean {
  return a.list === b.list && a.index === b.index
}
