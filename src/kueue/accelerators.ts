/** What Sluice knows of accelerators, read from the classes it ships: no second list of resources, vendors and weights. */
import { bareInstanceType } from '../gpu/class-table.ts'
import { INSTANCE_TYPE_LABELS } from '../gpu/instance-types.ts'
import { migProfileOf, migWeight, USUAL_SLICES } from '../gpu/mig.ts'
import { isExtendedResource } from '../gpu/resource-names.ts'
import { MILLI } from '../quantity/amount.ts'
import type { AcceleratorClassSpec } from '../schema/accelerator-class.ts'
import type { AcceleratorClassDocument } from '../schema/documents.ts'

export type Labels = Readonly<Record<string, string>>
type NodeLabels = NonNullable<AcceleratorClassSpec['nodeLabels']>

/** What the labels of a flavor say about its nodes, as an AcceleratorClass says it. */
export interface NodeMarks {
  readonly nodeLabels: NodeLabels
  readonly instanceTypes: readonly string[]
}

export interface Accelerators {
  isAccelerator(resource: string): boolean
  /** The one shipped class that the labels point to, or undefined where they point to none or to several. */
  modelOf(resource: string, marks: NodeMarks): AcceleratorClassDocument | undefined
  /** Milli-GPUs of one unit, as the model has it or else as the usual class of the resource does. */
  weightOf(resource: string, model: AcceleratorClassDocument | undefined): bigint
  vendorOf(resource: string, model: AcceleratorClassDocument | undefined): AcceleratorClassSpec['vendor']
  /** Whether a shipped class has this name: a document of the same name replaces it. */
  isShipped(name: string): boolean
  /** The shipped classes that count the resource. */
  sharing(resource: string): readonly AcceleratorClassDocument[]
}

/** @param others resources that a person declares to be accelerators; one that is not extended can never be asked for */
export function acceleratorsOf(shipped: readonly AcceleratorClassDocument[], others: readonly string[]): Accelerators {
  const sharing = (resource: string) => shipped.filter(document => weightIn(document, resource) !== undefined)
  const usual = (resource: string) => {
    const owners = sharing(resource)
    return owners.find(({ spec }) => spec.default === true) ?? owners[0]
  }
  return {
    sharing,
    isShipped: name => shipped.some(({ metadata }) => metadata.name === name),
    isAccelerator: resource =>
      isExtendedResource(resource) &&
      (others.includes(resource) || migProfileOf(resource) !== undefined || sharing(resource).length > 0),
    modelOf(resource, marks) {
      const [first, ...more] = sharing(resource).filter(({ spec }) => overlaps(spec, marks))
      return more.length === 0 ? first : undefined
    },
    weightOf(resource, model) {
      const owner = model ?? usual(resource)
      const profile = migProfileOf(resource)
      const unlisted = profile === undefined ? MILLI : migWeight(profile, USUAL_SLICES)
      return (owner && weightIn(owner, resource)) ?? unlisted
    },
    vendorOf(resource, model) {
      const unlisted = migProfileOf(resource) === undefined ? 'other' : 'nvidia'
      return (model ?? usual(resource))?.spec.vendor ?? unlisted
    },
  }
}

function weightIn({ spec }: AcceleratorClassDocument, resource: string): bigint | undefined {
  const listed = spec.resources?.find(({ name }) => name === resource)
  if (listed !== undefined) return BigInt(listed.milliGpus)
  const profile = migProfileOf(resource)
  if (profile === undefined || spec.mig?.profiles.includes(profile) !== true) return undefined
  return migWeight(profile, spec.mig.slices)
}

export function marksOf(labels: Labels): NodeMarks {
  const entries = Object.entries(labels)
  return {
    nodeLabels: entries
      .filter(([key]) => !INSTANCE_TYPE_LABELS.has(key))
      .map(([key, value]) => ({ key, values: [value] })),
    instanceTypes: [...new Set(entries.filter(([key]) => INSTANCE_TYPE_LABELS.has(key)).map(([, value]) => value))],
  }
}

/** Whether a pod that points at the one may mean the other. */
export function overlaps(spec: AcceleratorClassSpec, marks: NodeMarks): boolean {
  const left = withoutMarks(spec, marks)
  return (
    left.instanceTypes.length < (spec.instanceTypes ?? []).length ||
    valuesIn(left.nodeLabels) < valuesIn(spec.nodeLabels ?? [])
  )
}

/** The marks of a class but for those that others have. */
export function withoutMarks({ nodeLabels = [], instanceTypes = [] }: Partial<NodeMarks>, marks: NodeMarks): NodeMarks {
  const types = new Set(marks.instanceTypes.map(bareInstanceType))
  const isTaken = (key: string, value: string) =>
    marks.nodeLabels.some(label => label.key === key && label.values.includes(value))
  return {
    instanceTypes: instanceTypes.filter(type => !types.has(bareInstanceType(type))),
    nodeLabels: nodeLabels
      .map(({ key, values }) => ({ key, values: values.filter(value => !isTaken(key, value)) }))
      .filter(({ values }) => values.length > 0),
  }
}

function valuesIn(labels: NodeLabels): number {
  return labels.reduce((sum, { values }) => sum + values.length, 0)
}
