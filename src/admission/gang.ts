import { type DemandContext, demandOf } from '../gpu/demand.ts'
import type { ObjectReference, Workload } from '../gpu/workload.ts'
import { type Amount, add, amount, ZERO } from '../quantity/amount.ts'
import type { WholeGang } from '../quota/gang.ts'
import type { JsonObject } from '../schema/parts.ts'
import type { Pod } from '../schema/pod.ts'
import type { GangPart } from '../workload/gang-shape.ts'
import { type ToldGang, toldGang } from '../workload/told-gang.ts'

/** Objects that know more of a pod's gang than the pod, as far as they have been seen: nothing is fetched for an answer. */
export interface OwnerLookup {
  /** The object of this identity, whatever its version; undefined where it is not known, or has another UID. */
  object(namespace: string, reference: ObjectReference): JsonObject | undefined
}

type Demanded = ReadonlyMap<string, Amount>

/** What the objects that a pod names tell of its gang; of objects in hand, such as a reviewed manifest, more than of others. */
export function gangToldBy(
  { gang }: Workload,
  namespace: string,
  owners: OwnerLookup,
  inHand: readonly JsonObject[] = [],
): ToldGang | undefined {
  if (gang === undefined) return undefined
  const known = gang.objects
    .map(reference => owners.object(namespace, reference))
    .filter(object => object !== undefined)
  const objects = [...inHand, ...known]
  return objects.length === 0 ? undefined : toldGang(gang.id.slice(namespace.length), objects)
}

/**
 * The whole gang of a pod that asks for accelerators; undefined where it is judged by itself: no gang, one of a single pod, one of
 * unknown size, and a pod past an elastic minimum.
 */
export function wholeGangOf(
  { gang, role }: Workload,
  told: ToldGang | undefined,
  own: Demanded,
  namespace: string,
  context: DemandContext,
): WholeGang | undefined {
  const size = told === undefined ? gang?.size : told.least
  if (gang === undefined || size === undefined || size < 2) return undefined
  const parts = chargedParts(told?.parts ?? [], namespace, context)
  const whole = parts === undefined ? uniform(size, own) : ofParts(parts, role, own)
  return whole === undefined || whole.size < 2 ? undefined : { id: gang.id, ...whole }
}

interface ChargedPart {
  readonly role: string
  readonly members: number
  readonly demand: Demanded
}

/** What each part asks for; undefined where that is not known of all of them. */
function chargedParts(
  parts: readonly GangPart[],
  namespace: string,
  context: DemandContext,
): readonly ChargedPart[] | undefined {
  const charged = parts.flatMap(({ role, members, pod }): ChargedPart[] => {
    const demand = pod === undefined ? undefined : demandOfTemplate(pod, namespace, context)
    return demand === undefined ? [] : [{ role, members, demand }]
  })
  const asking = charged.filter(({ demand }) => demand.size > 0)
  return charged.length < parts.length || asking.length === 0 ? undefined : asking
}

// A template that is open, wrong, or waits for its claims is no measure of the pods that come of it.
function demandOfTemplate(pod: Pod, namespace: string, context: DemandContext): Demanded | undefined {
  const result = demandOf(pod, namespace, context)
  switch (result.kind) {
    case 'demand':
      return result.demand.unresolvedClaims.some(({ kind }) => kind === 'missing') ? undefined : result.demand.byClass
    case 'none':
      return result.unresolvedClaims.some(({ kind }) => kind === 'missing') ? undefined : NOTHING
    case 'invalid':
    case 'undecidable':
      return undefined
  }
}

const NOTHING: Demanded = new Map()

interface Whole {
  readonly size: number
  readonly demand: Demanded
}

function ofParts(parts: readonly ChargedPart[], role: string, own: Demanded): Whole | undefined {
  const sameRole = parts.filter(part => part.role === role)
  const possible = sameRole.length > 0 ? sameRole : parts
  const exact = possible.filter(part => isSame(part.demand, own))
  // Nothing of its kind is needed: an initializer, or a worker that an autoscaler adds.
  if ((exact.length > 0 ? exact : possible).every(({ members }) => members === 0)) return undefined
  const size = parts.reduce((sum, { members }) => sum + members, 0)
  // Another webhook has changed what the pods ask for, or which class that is: then it did so to all of them.
  return exact.length > 0 ? { size, demand: total(parts) } : uniform(size, own)
}

function uniform(size: number, own: Demanded): Whole {
  return { size, demand: total([{ members: size, demand: own }]) }
}

/** By class, in the order of class names. */
function total(parts: readonly Omit<ChargedPart, 'role'>[]): Demanded {
  const sums = new Map<string, Amount>()
  for (const { members, demand } of parts) {
    for (const [className, milliGpus] of members === 0 ? [] : demand) {
      sums.set(className, add(sums.get(className) ?? ZERO, amount(BigInt(members) * milliGpus)))
    }
  }
  return new Map([...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function isSame(a: Demanded, b: Demanded): boolean {
  return a.size === b.size && [...a].every(([className, milliGpus]) => b.get(className) === milliGpus)
}
