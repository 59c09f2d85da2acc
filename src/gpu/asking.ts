import { WHOLE_GPU } from './class-chooser.ts'
import type { ClassTable } from './class-table.ts'
import { migResource } from './mig.ts'
import { implicitResource } from './resource-names.ts'

/**
 * By what a pod asks for accelerators, besides DRA claims: a pod that has none of this has no demand, whatever else it holds. What
 * has some of it need not have one: a count may be 0.
 */
export interface Asking {
  /** Extended resources, in a container's limits or requests or in the overhead of the pod. */
  readonly resources: readonly string[]
  /** Beginnings of names of resources. */
  readonly resourcePrefixes: readonly string[]
  /** Annotations of the pod. */
  readonly annotations: readonly string[]
}

export function askingOf(table: ClassTable): Asking {
  // Profiles that no class lists count as well where there is a whole GPU to count them by (class-chooser.ts).
  const prefixes = table.byResource.has(WHOLE_GPU) ? [migResource('')] : []
  const names = [
    ...table.byResource.keys(),
    ...table.modifiers.keys(),
    ...[...table.byDeviceClass.keys()].map(implicitResource),
  ]
  return {
    resources: unique(names.filter(name => !prefixes.some(prefix => name.startsWith(prefix)))),
    resourcePrefixes: prefixes,
    annotations: unique(table.fractionAnnotations.map(({ annotation }) => annotation)),
  }
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted()
}
