import type { AcceleratorClassSpec } from '../schema/accelerator-class.ts'

/** One class as demand looks it up. */
export interface AcceleratorClass {
  readonly name: string
  readonly displayName: string
  readonly vendor: AcceleratorClassSpec['vendor']
  /** Where pods count that name no model. */
  readonly isDefault: boolean
  /** Whether a node can be told to carry it; slices of any model are asked for by their resource alone. */
  readonly hasNodes: boolean
  /** MiB of one whole device. */
  readonly memoryMiB: bigint | undefined
  /** Compute slices of one GPU; undefined for a model that cannot be split. */
  readonly migSlices: number | undefined
  readonly taints: NonNullable<AcceleratorClassSpec['taints']>
}

/** A class that a request may mean, with what one unit of the request weighs there. */
export interface Candidate {
  readonly class: AcceleratorClass
  readonly milliGpus: bigint
}

/** A class whose devices a DRA device class hands out; `mentions` are lower-case texts to look for in CEL selectors. */
export interface DeviceCandidate extends Candidate {
  readonly mentions: readonly string[]
}

/** In the order of class names, never empty. */
export type Candidates<C extends Candidate = Candidate> = readonly [C, ...C[]]

export type FractionUnit = NonNullable<AcceleratorClassSpec['fractions']>[number]['unit']

/** An annotation by which a pod asks for a part of the devices that `resources` name. */
export interface FractionAnnotation {
  readonly annotation: string
  readonly unit: FractionUnit
  readonly devicesAnnotation: string | undefined
  readonly resources: ReadonlySet<string>
}

/** A resource that is no device: it says how much of each device asked for by `resources` a container takes. */
interface Modifier {
  readonly unit: FractionUnit
  readonly resources: ReadonlySet<string>
}

/** All classes of a cluster, compiled once. */
export interface ClassTable {
  readonly classes: ReadonlyMap<string, AcceleratorClass>
  readonly byResource: ReadonlyMap<string, Candidates>
  readonly byDeviceClass: ReadonlyMap<string, Candidates<DeviceCandidate>>
  /** Label key → value → the classes it names. */
  readonly byLabel: ReadonlyMap<string, ReadonlyMap<string, readonly AcceleratorClass[]>>
  /** Without the prefix `ml.`. */
  readonly byInstanceType: ReadonlyMap<string, readonly AcceleratorClass[]>
  readonly fractionAnnotations: readonly FractionAnnotation[]
  readonly modifiers: ReadonlyMap<string, Modifier>
}

const HYPERPOD_PREFIX = 'ml.'

/** SageMaker HyperPod labels its nodes `ml.p5.48xlarge`. */
export function bareInstanceType(type: string): string {
  return type.startsWith(HYPERPOD_PREFIX) ? type.slice(HYPERPOD_PREFIX.length) : type
}
