import { MILLI } from '../quantity/amount.ts'
import type { AcceleratorClassDocument } from '../schema/documents.ts'
import { API_VERSION } from '../schema/kind.ts'
import { type Accelerators, type NodeMarks, overlaps, withoutMarks } from './accelerators.ts'
import type { ClassPlan, PlannedClass } from './class-plan.ts'
import type { Finding } from './finding.ts'

/** Names a class that nothing else on its nodes names: put it on them, and a pod selects it like any label. */
const CLASS_LABEL = 'sluice.dev/accelerator-class'

export interface ClassDocuments {
  readonly classes: readonly AcceleratorClassDocument[]
  /** Shipped classes that would count the same pods, rewritten so that the imported ones do. */
  readonly yielding: readonly AcceleratorClassDocument[]
  readonly findings: readonly Finding[]
}

export function classDocuments(plan: ClassPlan, accelerators: Accelerators): ClassDocuments {
  const planned = [...plan.values()]
  const rivals = rivalsOf(planned, accelerators)
  return {
    classes: planned.map(entry => classDocument(entry, accelerators)),
    yielding: rivals.map(rival => yieldingDocument(rival, planned)),
    findings: [...planned.flatMap(entry => findingsOf(entry, accelerators)), ...rivals.map(rivalFinding)],
  }
}

function classDocument(entry: PlannedClass, accelerators: Accelerators): AcceleratorClassDocument {
  const { name, resource, origin, marks, model, weight, isDefault } = entry
  const taints = origin?.document.spec?.nodeTaints ?? []
  const fractions = isDefault ? fractionsOf(resource, accelerators) : []
  return {
    apiVersion: API_VERSION,
    kind: 'AcceleratorClass',
    metadata: { name },
    spec: {
      ...(model?.spec.displayName === undefined ? {} : { displayName: model.spec.displayName }),
      vendor: accelerators.vendorOf(resource, model),
      ...(isDefault ? { default: true } : {}),
      ...(model?.spec.memoryMiB === undefined ? {} : { memoryMiB: model.spec.memoryMiB }),
      resources: [{ name: resource, milliGpus: Number(weight) }],
      ...marksOrLabel(name, marks, isDefault),
      ...(taints.length === 0
        ? {}
        : {
            taints: taints.map(({ key, value, effect }) => ({
              key,
              ...(value === undefined ? {} : { value }),
              effect,
            })),
          }),
      ...(fractions.length === 0 ? {} : { fractions }),
    },
  }
}

// Said once, by the usual class of a resource: an annotation asks for a part of whatever model the pod selects.
function fractionsOf(resource: string, accelerators: Accelerators) {
  const usual = accelerators.sharing(resource).find(({ spec }) => spec.default === true)
  const isWhole = usual?.spec.resources?.some(({ name }) => name === resource) === true
  return isWhole ? (usual?.spec.fractions ?? []) : []
}

/** A class that is not the default needs something by which a pod can name it, or none could ever ask for it. */
function marksOrLabel(name: string, { nodeLabels, instanceTypes }: NodeMarks, isDefault: boolean): Partial<NodeMarks> {
  const labels =
    hasMarks({ nodeLabels, instanceTypes }) || isDefault ? nodeLabels : [{ key: CLASS_LABEL, values: [name] }]
  return {
    ...(labels.length === 0 ? {} : { nodeLabels: labels }),
    ...(instanceTypes.length === 0 ? {} : { instanceTypes }),
  }
}

function hasMarks({ nodeLabels = [], instanceTypes = [] }: Partial<NodeMarks>): boolean {
  return nodeLabels.length > 0 || instanceTypes.length > 0
}

/**
 * The shipped classes to which a pod of an imported one might count instead: the default of its resource, those with the same nodes,
 * and those of no nodes in particular. One of the same name is replaced as it is.
 */
function rivalsOf(planned: readonly PlannedClass[], accelerators: Accelerators): readonly AcceleratorClassDocument[] {
  const names = new Set(planned.map(({ name }) => name))
  const rivals = planned.flatMap(({ resource, marks }) =>
    accelerators
      .sharing(resource)
      .filter(({ spec }) => spec.default === true || !hasMarks(spec) || overlaps(spec, marks)),
  )
  return [...new Set(rivals)].filter(({ metadata }) => !names.has(metadata.name))
}

function yieldingDocument(rival: AcceleratorClassDocument, planned: readonly PlannedClass[]): AcceleratorClassDocument {
  const { default: isDefault = false, fractions, nodeLabels = [], instanceTypes = [], ...kept } = rival.spec
  const left = planned.reduce<NodeMarks>((marks, entry) => withoutMarks(marks, entry.marks), {
    nodeLabels,
    instanceTypes,
  })
  return {
    apiVersion: API_VERSION,
    kind: 'AcceleratorClass',
    metadata: { name: rival.metadata.name },
    spec: {
      ...kept,
      // Those of a default went with its place: see fractionsOf.
      ...(isDefault || fractions === undefined ? {} : { fractions }),
      ...marksOrLabel(rival.metadata.name, left, false),
    },
  }
}

function findingsOf(entry: PlannedClass, accelerators: Accelerators): readonly Finding[] {
  const { name, flavor, resource, origin, marks, weight, isDefault } = entry
  const found = (isTold: boolean, kind: Finding['kind'], field: string, meaning: string): readonly Finding[] => {
    return isTold ? [{ kind, at: origin?.at ?? '', object: `ResourceFlavor ${flavor}`, field, meaning }] : []
  }
  return [
    ...found(
      name !== flavor,
      'changed',
      'metadata.name',
      `the ${resource} of this flavor is the accelerator class ${name}`,
    ),
    ...found(
      origin === undefined,
      'check',
      '',
      'queues name a flavor that no file holds: which nodes it means is not known',
    ),
    ...found(
      !hasMarks(marks) && !isDefault,
      'check',
      'spec.nodeLabels',
      `nothing tells the nodes of this flavor: label them ${CLASS_LABEL}=${name}, and let pods select that`,
    ),
    ...shippedFindings(entry, accelerators).flatMap(({ kind, meaning }) => found(true, kind, '', meaning)),
    ...found(
      weight !== MILLI,
      'changed',
      '',
      `one ${resource} counts ${weight} thousandths of a GPU, in class ${name} and in every quota for it`,
    ),
    ...found(
      isDefault,
      'changed',
      '',
      `a pod that asks for ${resource} and selects no nodes counts as ${name}, wherever it will run`,
    ),
  ]
}

function shippedFindings({ name, model }: PlannedClass, accelerators: Accelerators) {
  const more = 'which knows MIG profiles, DRA device classes and taints as well'
  const findings: Pick<Finding, 'kind' | 'meaning'>[] = []
  if (accelerators.isShipped(name)) {
    findings.push({ kind: 'changed', meaning: `class ${name} replaces the shipped class of that name, ${more}` })
  }
  if (model !== undefined && model.metadata.name !== name) {
    const { name: shipped } = model.metadata
    findings.push({
      kind: 'check',
      meaning: `class ${name} looks like the shipped class ${shipped}, ${more}: to have that instead, name it in the quotas and remove both from the imported classes`,
    })
  }
  return findings
}

function rivalFinding({ metadata }: AcceleratorClassDocument): Finding {
  return {
    kind: 'changed',
    at: '',
    object: `shipped class ${metadata.name}`,
    field: '',
    meaning:
      'a shipped class is written again without what the imported classes have, so that their pods count in those',
  }
}
