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
  /** Says what could not be injected: a value that the API server would refuse the pod for. */
  fail(problem: string): void
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

/** A container of the pod: its name, and the path that leads to it. */
export interface PlacedContainer {
  readonly name: string
  readonly path: JsonPath
}

/** The container as it will be: what an earlier block or policy gave it counts as there. */
export function containerAt({ path }: PlacedContainer, { patch }: Target): Container {
  // It was parsed with its pod, and blocks write nothing that a pod cannot hold.
  return patch.get(path) as unknown as Container
}

/** The containers that use accelerators, in the order of the pod. */
export function acceleratedContainers({ demand }: Subject): readonly PlacedContainer[] {
  return (demand?.accelerated ?? []).map(placed)
}

/** Those of them that are the pod's own work: initialisers and sidecars have no say over its devices. */
export function acceleratedWorkers({ demand }: Subject): readonly PlacedContainer[] {
  return (demand?.accelerated ?? []).filter(({ list }) => list === 'containers').map(placed)
}

export function chosenContainers(
  subject: Subject,
  which: 'Accelerated' | 'All' | undefined,
): readonly PlacedContainer[] {
  return which === 'All' ? workers(subject) : acceleratedContainers(subject)
}

/** Every container, in the order in which they start. */
export function everyContainer(subject: Subject): readonly PlacedContainer[] {
  const { initContainers = [] } = subject.pod.spec
  return [
    ...initContainers.map(({ name }, index) => placed({ list: 'initContainers', index, name })),
    ...workers(subject),
  ]
}

function workers({ pod }: Subject): readonly PlacedContainer[] {
  return pod.spec.containers.map(({ name }, index) => placed({ list: 'containers', index, name }))
}

function placed({ list, index, name }: ContainerRef): PlacedContainer {
  return { name, path: ['spec', list, index] }
}
