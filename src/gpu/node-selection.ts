import type { PodSpec } from '../schema/pod.ts'
import { type AcceleratorClass, bareInstanceType, type ClassTable } from './class-table.ts'
import { quoted } from './findings.ts'
import { migWeight } from './mig.ts'
import { least, WHOLE_DEVICE } from './shares.ts'

/*
 * What a pod's node selector and required node affinity say about the model of its accelerator. Preferred affinity says nothing:
 * the scheduler may pass over it.
 */

export interface NodeSelection {
  /**
   * The classes whose nodes the pod admits, each with the most that one device of it can weigh there (less than a whole GPU on
   * nodes whose product label names a MIG profile). Undefined where the pod names no class.
   */
  readonly classes: ReadonlyMap<AcceleratorClass, bigint> | undefined
  /** A selected value that no class knows, where it is all that the pod says about the model. */
  readonly unknown: string | undefined
  /** Instance types the pod is restricted to, without `ml.`; empty when it is not. */
  readonly instanceTypes: readonly string[]
}

const ANY: NodeSelection = { classes: undefined, unknown: undefined, instanceTypes: [] }
const INSTANCE_TYPE_LABELS: ReadonlySet<string> = new Set([
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
])
// GPU feature discovery: <product>-MIG-<profile> with the MIG strategy `single`, <product>-SHARED on replicated devices.
const PRODUCT = /^(.+?)(?:-MIG-(\d{1,2}g\.\d{1,4}gb[^-]*))?(?:-SHARED)?$/

interface Requirement {
  readonly key: string
  readonly operator: string
  readonly values: readonly string[]
}

type Weights = ReadonlyMap<AcceleratorClass, bigint>

export function nodeSelectionOf(spec: PodSpec, table: ClassTable): NodeSelection {
  const selector = Object.entries(spec.nodeSelector ?? {}).map(([key, value]) => ({
    key,
    operator: 'In',
    values: [value],
  }))
  const alternatives =
    spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  if (selector.length === 0 && alternatives.length === 0) return ANY

  // The terms of an affinity are alternatives; each holds together with the node selector.
  const expressions = alternatives.length === 0 ? [[]] : alternatives.map(term => term.matchExpressions ?? [])
  const terms = expressions.map(term => [
    ...selector,
    ...term.map(({ key, operator, values = [] }) => ({ key, operator, values })),
  ])
  return { ...classesNamedBy(terms, table), instanceTypes: instanceTypesOf(terms) }
}

function classesNamedBy(
  terms: readonly (readonly Requirement[])[],
  table: ClassTable,
): Pick<NodeSelection, 'classes' | 'unknown'> {
  const readings = terms.map(term => readTerm(term, table))
  if (readings.some(reading => reading.kind === 'silent')) return ANY
  const named = readings.flatMap(reading => (reading.kind === 'named' ? [reading.weights] : []))
  if (named.length > 0) return { classes: union(named), unknown: undefined }
  return { classes: undefined, unknown: readings.find(reading => reading.kind === 'unknown')?.label }
}

type Reading =
  | { readonly kind: 'silent' }
  | { readonly kind: 'unknown'; readonly label: string }
  | { readonly kind: 'named'; readonly weights: Weights }

/** All requirements of a term hold at once: what one of them leaves open another may settle. */
function readTerm(term: readonly Requirement[], table: ClassTable): Reading {
  let weights: Weights | undefined
  let unknown: string | undefined
  for (const requirement of term) {
    const valuesOf = indexOf(requirement.key, table)
    if (valuesOf === undefined) continue
    const admitted = classesAdmitted(requirement, valuesOf, table)
    if (admitted === undefined) continue
    if (admitted.size > 0 || requirement.operator === 'NotIn')
      weights = weights === undefined ? admitted : intersection(weights, admitted)
    else unknown ??= `${requirement.key}=${quoted(requirement.values[0] ?? '')}`
  }
  if (weights !== undefined) return { kind: 'named', weights }
  return unknown === undefined ? { kind: 'silent' } : { kind: 'unknown', label: unknown }
}

type ClassesByValue = ReadonlyMap<string, readonly AcceleratorClass[]>

function indexOf(key: string, table: ClassTable): ClassesByValue | undefined {
  return INSTANCE_TYPE_LABELS.has(key) ? table.byInstanceType : table.byLabel.get(key)
}

/** Undefined for a requirement that tells no classes apart. */
function classesAdmitted(
  { key, operator, values }: Requirement,
  known: ClassesByValue,
  table: ClassTable,
): Weights | undefined {
  const isType = INSTANCE_TYPE_LABELS.has(key)
  const wanted = isType ? values.map(bareInstanceType) : values
  switch (operator) {
    case 'In':
      return union(wanted.map(value => classesOfValue(value, known)))
    case 'NotIn':
      return classesLeft(new Set(wanted), known, table)
    default:
      return undefined
  }
}

function classesOfValue(value: string, known: ClassesByValue): Weights {
  const exact = known.get(value)
  if (exact !== undefined) return new Map(exact.map(owner => [owner, WHOLE_DEVICE]))
  const [, product = '', profile] = PRODUCT.exec(value) ?? []
  const owners = known.get(product) ?? []
  return new Map(owners.map(owner => [owner, weightOnNodesOf(owner, profile)]))
}

function weightOnNodesOf(owner: AcceleratorClass, profile: string | undefined): bigint {
  return profile === undefined || owner.migSlices === undefined ? WHOLE_DEVICE : migWeight(profile, owner.migSlices)
}

/** A class is out only when every value that its nodes may carry is excluded. */
function classesLeft(excluded: ReadonlySet<string>, known: ClassesByValue, table: ClassTable): Weights | undefined {
  const carriers = new Set<AcceleratorClass>()
  const left = new Set<AcceleratorClass>()
  for (const [value, owners] of known) {
    for (const owner of owners) {
      carriers.add(owner)
      if (!excluded.has(value)) left.add(owner)
    }
  }
  if (left.size === carriers.size) return undefined
  const others = [...table.classes.values()].filter(owner => !carriers.has(owner) || left.has(owner))
  return new Map(others.map(owner => [owner, WHOLE_DEVICE]))
}

function union(sets: readonly Weights[]): Weights {
  const all = new Map<AcceleratorClass, bigint>()
  for (const [owner, weight] of sets.flatMap(set => [...set])) {
    if (weight > (all.get(owner) ?? 0n)) all.set(owner, weight)
  }
  return all
}

function intersection(a: Weights, b: Weights): Weights {
  const both = new Map<AcceleratorClass, bigint>()
  for (const [owner, weight] of a) {
    const other = b.get(owner)
    if (other !== undefined) both.set(owner, least(other, weight))
  }
  return both
}

function instanceTypesOf(terms: readonly (readonly Requirement[])[]): readonly string[] {
  const perTerm = terms.map(instanceTypesOfTerm)
  if (perTerm.some(types => types === undefined)) return []
  return [...new Set(perTerm.flatMap(types => types ?? []))].toSorted()
}

function instanceTypesOfTerm(term: readonly Requirement[]): readonly string[] | undefined {
  const lists = term
    .filter(({ key, operator }) => operator === 'In' && INSTANCE_TYPE_LABELS.has(key))
    .map(({ values }) => new Set(values.map(bareInstanceType)))
  const [first, ...others] = lists
  return first === undefined ? undefined : [...first].filter(type => others.every(list => list.has(type)))
}
