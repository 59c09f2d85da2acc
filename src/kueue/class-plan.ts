import type { AcceleratorClassDocument } from '../schema/documents.ts'
import { type Accelerators, marksOf, type NodeMarks } from './accelerators.ts'
import { type FlavorQuota, quotaKey } from './flavor-quotas.ts'
import { distinctNames } from './names.ts'
import type { ResourceFlavor } from './setup.ts'

/** An accelerator class to be: one resource of one flavor. */
export interface PlannedClass {
  readonly name: string
  readonly flavor: string
  readonly resource: string
  /** Undefined for a flavor that queues name and no file holds. */
  readonly origin: ResourceFlavor | undefined
  readonly marks: NodeMarks
  readonly model: AcceleratorClassDocument | undefined
  /** Milli-GPUs of one unit of the resource. */
  readonly weight: bigint
  /** Pods that ask for the resource and select no nodes count here. */
  readonly isDefault: boolean
}

/** By the key of their quotas. */
export type ClassPlan = ReadonlyMap<string, PlannedClass>

/** @param quotas what each ClusterQueue has, in the order in which Kueue tries flavors; @param pools what Cohorts have themselves */
export function planClasses(
  quotas: readonly (readonly FlavorQuota[])[],
  pools: readonly (readonly FlavorQuota[])[],
  flavors: readonly ResourceFlavor[],
  accelerators: Accelerators,
): ClassPlan {
  const keys = new Map([...quotas, ...pools].flat().map(quota => [quotaKey(quota), quota]))
  const names = classNames(keys)
  const first = firstChoices(quotas)
  const byName = new Map(flavors.map(flavor => [flavor.document.metadata.name, flavor]))
  const planned = [...keys].map(([key, { flavor, resource }]): [string, PlannedClass] => {
    const origin = byName.get(flavor)
    const marks = marksOf(origin?.document.spec?.nodeLabels ?? {})
    const model = accelerators.modelOf(resource, marks)
    return [
      key,
      {
        name: names.get(key) ?? flavor,
        flavor,
        resource,
        origin,
        marks,
        model,
        weight: accelerators.weightOf(resource, model),
        isDefault: first.get(resource) === flavor,
      },
    ]
  })
  return new Map(planned)
}

/** A class is called like its flavor, and by its resource as well where the flavor has several accelerators. */
function classNames(keys: ReadonlyMap<string, FlavorQuota>): ReadonlyMap<string, string> {
  const perFlavor = Map.groupBy(keys.values(), ({ flavor }) => flavor)
  const wanted = [...keys].map(([key, { flavor, resource }]): [string, string] => {
    const isAlone = perFlavor.get(flavor)?.length === 1
    return [key, isAlone ? flavor : `${flavor}-${resource.slice(resource.lastIndexOf('/') + 1).toLowerCase()}`]
  })
  return distinctNames(new Map(wanted))
}

/**
 * By resource, the flavor that most queues try first, the first by name among equals. Kueue gives it to a pod that leaves the choice
 * open; Sluice cannot try one flavor after another, because a pod that is created stays what it is.
 */
function firstChoices(quotas: readonly (readonly FlavorQuota[])[]): ReadonlyMap<string, string> {
  const votes = new Map<string, Map<string, number>>()
  for (const queue of quotas) {
    const first = new Map(queue.toReversed().map(({ resource, flavor }) => [resource, flavor]))
    for (const [resource, flavor] of first) {
      const counted = votes.get(resource) ?? new Map<string, number>()
      votes.set(resource, counted.set(flavor, (counted.get(flavor) ?? 0) + 1))
    }
  }
  return new Map([...votes].map(([resource, counted]) => [resource, mostVoted(counted)]))
}

function mostVoted(votes: ReadonlyMap<string, number>): string {
  const [winner] = [...votes].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  return winner?.[0] ?? ''
}
