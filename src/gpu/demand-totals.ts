import { type Amount, add, amount, ZERO } from '../quantity/amount.ts'
import type { ClaimCharge, PodClaims } from './claims.ts'
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

export interface ChargedContainer extends ContainerRequest {
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
  const sums = new Map<string, bigint>()
  const charge = ({ name }: AcceleratorClass, milliGpus: bigint) => {
    if (milliGpus > 0n) sums.set(name, (sums.get(name) ?? 0n) + milliGpus)
  }
  // Resource by resource, as the scheduler holds them: a GPU of an init container does not make room for a MIG device after it.
  const lines = charges.containers.flatMap(container => container.lines)
  const owners = new Map(lines.map(line => [line.resource, line.class]))
  for (const [resource, milliGpus] of effectiveRequest(charges.containers.map(holdingOf))) {
    const owner = owners.get(resource)
    if (owner !== undefined) charge(owner, milliGpus)
  }
  for (const line of charges.overhead) charge(line.class, line.milliGpus)
  if (charges.fraction !== undefined) charge(charges.fraction.class, charges.fraction.milliGpus)
  for (const { lines, isRepeat } of charges.claims.charges) {
    for (const line of isRepeat ? [] : lines) charge(line.class, line.milliGpus)
  }
  return amounts(sums)
}

export function totalOf(byClass: ReadonlyMap<string, Amount>): Amount {
  return [...byClass.values()].reduce(add, ZERO)
}

export function vendorsOf(byClass: ReadonlyMap<string, Amount>, table: ClassTable): ReadonlySet<string> {
  return new Set([...byClass.keys()].flatMap(name => table.classes.get(name)?.vendor ?? []))
}

/** What each container uses, without those that use nothing. A claim counts in every container that uses it. */
export function amountsByContainer({ containers, fraction, claims }: Charges): readonly ContainerAmount[] {
  const linesByClaim = Map.groupBy(claims.charges, ({ claim }) => claim)
  return containers.flatMap(({ ref, lines, claims: uses }) => {
    const used = new Set([
      ...lines,
      ...uses.flatMap(use => linesUsed(use, linesByClaim.get(use.name) ?? [])),
      ...(fraction !== undefined && isSame(ref, fraction.container) ? [fraction] : []),
    ])
    const milliGpus = [...used].reduce((sum, line) => sum + line.milliGpus, 0n)
    return milliGpus === 0n ? [] : [{ ref, amount: amount(milliGpus) }]
  })
}

export function sourceOf({ containers, overhead, fraction, claims }: Charges): DemandSource {
  const lines = [...containers.flatMap(container => container.lines), ...overhead]
  const sources = new Set<DemandSource>(lines.map(({ isPart }) => (isPart ? 'fraction' : 'resource')))
  if (fraction !== undefined) sources.add('fraction')
  if (claims.charges.some(charge => charge.lines.length > 0)) sources.add('claim')
  const [source = 'resource', ...others] = sources
  return others.length === 0 ? source : 'mixed'
}

export function sharedClaimsOf(charges: readonly ClaimCharge[]): readonly SharedClaim[] {
  return charges.flatMap(({ shared, isRepeat, lines }) => {
    if (shared === undefined || isRepeat || lines.length === 0) return []
    const sums = new Map<string, bigint>()
    for (const { class: owner, milliGpus } of lines) sums.set(owner.name, (sums.get(owner.name) ?? 0n) + milliGpus)
    return [{ name: shared, byClass: amounts(sums) }]
  })
}

export function sortedByKey<V>(entries: ReadonlyMap<string, V>): Map<string, V> {
  return entries.size < 2 ? new Map(entries) : new Map([...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function holdingOf({ phase, lines }: ChargedContainer) {
  return { phase, amounts: new Map(lines.map(line => [line.resource, line.milliGpus])) }
}

function linesUsed({ request }: ClaimUse, charges: readonly ClaimCharge[]) {
  const lines = charges.flatMap(charge => charge.lines)
  return request === undefined ? lines : lines.filter(line => line.request === request)
}

function isSame(a: ContainerRef, b: ContainerRef): boolean {
  return a.list === b.list && a.index === b.index
}

function amounts(sums: ReadonlyMap<string, bigint>): ReadonlyMap<string, Amount> {
  return sortedByKey(new Map([...sums].map(([name, milliGpus]) => [name, amount(milliGpus)] as const)))
}
