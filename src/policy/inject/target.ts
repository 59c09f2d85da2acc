import type { ContainerRef } from '../../gpu/demand.ts'
import type { Container } from '../../schema/pod.ts'
import type { FabricCatalogue } from '../fabric.ts'
import type { JsonPath, PatchWriter } from '../patch.ts'
import type { Subject } from '../subject.ts'

/** What every block writes through: the pod, the patch, and the note of what was done. */
export interface Target {
  readonly subject: Subject
  readonly patch: PatchWriter
  readonly surroundings: Surroundings
  /** A value as the policy gives it. Undefined where it is empty or its expression failed, which is then on record. */
  text(source: { readonly value?: string; readonly expression?: string }): string | undefined
  count(source: { readonly count?: number; readonly expression?: string }): number | undefined
  /** Says what was injected, for the annotation and the transcript: `toleration nvidia.com/gpu`. */
  record(what: string): void
}

/** What the cluster declares, as far as injection must know it. */
export interface Surroundings {
  readonly priorityClasses: ReadonlySet<string>
  /** The class a pod has been given when nobody chose one. */
  readonly defaultPriorityClass: string | undefined
  readonly classTaints: ReadonlyMap<string, readonly ClassTaint[]>
  readonly fabric: FabricCatalogue
}

export interface ClassTaint {
  readonly key: string
  readonly value?: string
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
}

export type When = 'whenAbsent' | 'enforce' | undefined

/** A container of the pod with the path that leads to it. */
export interface PlacedContainer {
  readonly container: Container
  readonly path: JsonPath
}

/** The containers that use accelerators, in the order of the pod. */
export function acceleratedContainers(subject: Subject): readonly PlacedContainer[] {
  return (subject.demand?.accelerated ?? []).flatMap(reference => placed(subject, reference))
}

export function chosenContainers(
  subject: Subject,
  which: 'Accelerated' | 'All' | undefined,
): readonly PlacedContainer[] {
  if (which !== 'All') return acceleratedContainers(subject)
  return subject.pod.spec.containers.map((container, index) => ({ container, path: ['spec', 'containers', index] }))
}

function placed({ pod }: Subject, reference: ContainerRef): readonly PlacedContainer[] {
  const container = pod.spec[reference.list]?.[reference.index]
  return container === undefined ? [] : [{ container, path: ['spec', reference.list, reference.index] }]
}
