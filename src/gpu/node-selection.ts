import type { PodSpec } from '../schema/pod.ts'
import { type AcceleratorClass, bareInstanceType, type ClassTable } from './class-table.ts'
import { quoted } from './findings.ts'
import { INSTANCE_TYPE_LABELS, instanceTypesOf, type Requirement } from './instance-types.ts'
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
// GPU feature discovery: <product>-MIG-<profile> with the MIG strategy `single`, <product>-SHARED on replicated devices.
const PRODUCT = /^(.+?)(?:-MIG-(\d{1,2}g\.\d{1,4}gb[^-]*))?(?:-SHARED)?$/

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

  // The terms of an affinity are alternatives; each holds together with the node selector, which is read once.
  const terms = alternatives.map(term => (term.matchExpressions ?? []).map(requirementOf))
  const always = readTerm(selector, table)
  const readings = terms.length === 0 ? [always] : terms.map(term => both(always, readTerm(term, table)))
  return { ...classesNamedBy(readings), instanceTypes: instanceTypesOf(selector, terms) }
}

function requirementOf({ key, operator, values = [] }: MatchExpression): Requirement {
  return { key, operator, values }
}

interface MatchExpression {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

function classesNamedBy(readings: readonly Reading[]): Pick<NodeSelection, 'classes' | 'unknown'> {
  if (readings.some(reading => reading.kind === 'silent')) return ANY
  const named = readings.flatMap(reading => (reading.kind === 'named' ? [reading.weights] : []))
  if (named.length > 0) return { classes: union(named), unknown: undefined }
  return { classes: undefined, unknown: readings.find(reading => reading.kind === 'unknown')?.label }
}

/** What requirements say about the model: nothing, something that no class knows, or the classes that they admit. */
type Reading =
  | { readonly kind: 'silent' }
  | { readonly kind: 'unknown'; readonly label: string }
  | { readonly kind: 'named'; readonly weights: Weights }

const SILENT: Reading = { kind: 'silent' }

function readTerm(term: readonly Requirement[], table: ClassTable): Reading {
  return term.reduce((reading, requirement) => both(reading, readRequirement(requirement, table)), SILENT)
}

/** Requirements of a term hold at once: what one of them leaves open another may settle. */
function both(a: Reading, b: Reading): Reading {
  if (a.kind === 'named' && b.kind === 'named') return { kind: 'named', weights: intersection(a.weights, b.weights) }
  if (a.kind === 'named' || b.kind === 'silent') return a
  if (b.kind === 'named' || a.kind === 'silent') return b
  return a
}

function readRequirement(requirement: Requirement, table: ClassTable): Reading {
  const known = indexOf(requirement.key, table)
  const weights = known === undefined ? undefined : classesAdmitted(requirement, known, table)
  if (weights === undefined) return SILENT
  if (weights.size > 0 || requirement.operator !== 'In') return { kind: 'named', weights }
  return { kind: 'unknown', label: `${requirement.key}=${quoted(requirement.values[0] ?? '')}` }
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
  const [first, ...others] = sets
  if (first !== undefined && others.length === 0) return first
  const all = new Map<AcceleratorClass, bigint>()
  for (const set of sets) {
    for (const [owner, weight] of set) {
      if (weight > (all.get(owner) ?? 0n)) all.set(owner, weight)
    }
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
