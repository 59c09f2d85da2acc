/** What a tree is built from, and what keeps nodes from forming one. */
import { type Amount, ZERO } from '../quantity/amount.ts'
import type { Quantity } from '../quantity/quantity.ts'
import type { Issue } from '../schema/parsed.ts'

export interface Quota {
  readonly nominal: Amount
  /** null: no limit. */
  readonly borrowingLimit: Amount | null
  /** null: lends everything. */
  readonly lendingLimit: Amount | null
}

export interface NodeSpec {
  readonly name: string
  readonly parent: string | null
  /** Divides what the node borrows when it is compared with its siblings. 1 without it. */
  readonly weight?: Quantity
  readonly quotas: ReadonlyMap<string, Quota>
}

/** Everything wrong, each with the node, the fault and the way out. */
export function nodeIssues(specs: readonly NodeSpec[]): readonly Issue[] {
  const parents = new Map(specs.map(spec => [spec.name, spec.parent]))
  return [
    ...duplicates(specs.map(spec => spec.name)).map(name => duplicateName(name)),
    ...specs.flatMap(spec => unknownParent(spec, parents)),
    ...cycles(parents).map(cycle => cycleIssue(cycle)),
    ...specs.flatMap(spec => negativeAmounts(spec)),
    ...specs.flatMap(({ name, weight }) => (weight === undefined ? [] : weightFaults(name, weight))),
  ]
}

// Kueue's own bound (its validation of fairSharing.weight), and the finest step a quantity has.
const TOO_LIGHT_NANOS = 1n

/** What a weight must not be. Zero is meant: whoever has it lays claim to nothing beyond its own, and gives back first. */
export function weightFaults(at: string, { nanos }: Quantity): readonly Issue[] {
  if (nanos === 0n || nanos > TOO_LIGHT_NANOS) return []
  const problem = nanos < 0n ? 'the weight is negative' : 'the weight is neither 0 nor above 0.000000001'
  return [{ at, problem, remedy: 'use 0 or more than 0.000000001' }]
}

/** Every name that occurs more than once, once each. */
export function duplicates(names: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  const again = new Set<string>()
  for (const name of names) (seen.has(name) ? again : seen).add(name)
  return [...again]
}

/** The cycles among parent references, each once, written from its alphabetically first member. */
export function cycles(parents: ReadonlyMap<string, string | null>): readonly (readonly string[])[] {
  const settled = new Set<string>()
  const found: (readonly string[])[] = []
  for (const start of parents.keys()) {
    const walk: string[] = []
    const onWalk = new Map<string, number>()
    let name: string | null = start
    while (name !== null && !settled.has(name) && !onWalk.has(name)) {
      onWalk.set(name, walk.length)
      walk.push(name)
      name = parents.get(name) ?? null
    }
    const from = name === null ? undefined : onWalk.get(name)
    if (from !== undefined) found.push(fromSmallest(walk.slice(from)))
    for (const visited of walk) settled.add(visited)
  }
  return found
}

function fromSmallest(cycle: readonly string[]): readonly string[] {
  const first = cycle.reduce((least, name, index) => (name < (cycle[least] ?? name) ? index : least), 0)
  return [...cycle.slice(first), ...cycle.slice(0, first)]
}

function duplicateName(name: string): Issue {
  return { at: name, problem: 'two nodes have this name', remedy: 'rename or remove one of them' }
}

function unknownParent(spec: NodeSpec, parents: ReadonlyMap<string, string | null>): readonly Issue[] {
  if (spec.parent === null || parents.has(spec.parent)) return []
  return [
    { at: spec.name, problem: `its parent ${spec.parent} does not exist`, remedy: 'create the parent or name another' },
  ]
}

function cycleIssue(cycle: readonly string[]): Issue {
  const [first = ''] = cycle
  const problem = `the parents form a cycle: ${[...cycle, first].join(' -> ')}`
  return { at: first, problem, remedy: 'remove the parent of one of them' }
}

function negativeAmounts(spec: NodeSpec): readonly Issue[] {
  return [...spec.quotas].flatMap(([key, quota]) =>
    namedAmounts(quota).flatMap(([what, value]) =>
      value === null || value >= ZERO
        ? []
        : [{ at: spec.name, problem: `the ${what} of ${key} is ${value}`, remedy: 'use 0 or more' }],
    ),
  )
}

function namedAmounts(quota: Quota): readonly (readonly [string, Amount | null])[] {
  return [
    ['nominal quota', quota.nominal],
    ['borrowing limit', quota.borrowingLimit],
    ['lending limit', quota.lendingLimit],
  ]
}
