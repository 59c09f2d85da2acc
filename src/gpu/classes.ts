import type { AcceleratorClassSpec } from '../schema/accelerator-class.ts'
import type { AcceleratorClassDocument } from '../schema/documents.ts'
import { blamedOn, failed, type Parsed, parsed } from '../schema/parsed.ts'
import { issuesOfClass } from './class-checks.ts'
import { conflictsBetween } from './class-conflicts.ts'
import {
  type AcceleratorClass,
  bareInstanceType,
  type Candidate,
  type Candidates,
  type ClassTable,
  type FractionUnit,
} from './class-table.ts'
import { migResource, migWeight } from './mig.ts'

export type { ClassTable }

/**
 * Compiles the classes of a cluster, in any order of documents: what wins never depends on the order of files.
 * Refuses what would make a pod's class a matter of luck; see class-checks.ts and class-conflicts.ts.
 */
export function compileClasses(documents: readonly AcceleratorClassDocument[]): Parsed<ClassTable> {
  const ownIssues = documents.flatMap(document => blamedOn([document], issuesOfClass(document)))
  const issues = [...ownIssues, ...conflictsBetween(documents)]
  if (issues.length > 0) return failed(...issues)

  const sorted = documents.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const compiled = sorted.map(document => ({ class: classOf(document), spec: document.spec }))
  return parsed({
    classes: new Map(compiled.map(entry => [entry.class.name, entry.class])),
    byResource: resourceIndex(compiled),
    byDeviceClass: deviceClassIndex(compiled),
    byLabel: labelIndex(compiled),
    byInstanceType: instanceTypeIndex(compiled),
    fractionAnnotations: fractionIndex(compiled),
    modifiers: modifierIndex(compiled),
  })
}

interface Compiled {
  readonly class: AcceleratorClass
  readonly spec: AcceleratorClassSpec
}

function classOf({ metadata, spec }: AcceleratorClassDocument): AcceleratorClass {
  return {
    name: metadata.name,
    displayName: spec.displayName ?? metadata.name,
    vendor: spec.vendor,
    isDefault: spec.default === true,
    hasNodes: (spec.nodeLabels ?? []).length > 0 || (spec.instanceTypes ?? []).length > 0,
    memoryMiB: spec.memoryMiB === undefined ? undefined : BigInt(spec.memoryMiB),
    migSlices: spec.mig?.slices,
    taints: spec.taints ?? [],
  }
}

/**
 * A class that lists `nvidia.com/mig-1g.10gb` by name takes it from the models that have it among their profiles: that is how a
 * platform gives one profile a quota of its own without touching the models.
 */
function resourceIndex(compiled: readonly Compiled[]): ClassTable['byResource'] {
  const named = candidateIndex(compiled, ({ class: owner, spec }) =>
    (spec.resources ?? []).map(({ name, milliGpus }) => [name, { class: owner, milliGpus: BigInt(milliGpus) }]),
  )
  const profiles = candidateIndex(compiled, ({ class: owner, spec: { mig } }) =>
    (mig?.profiles ?? []).map(profile => [
      migResource(profile),
      { class: owner, milliGpus: migWeight(profile, mig?.slices ?? 1) },
    ]),
  )
  return new Map([...profiles, ...named])
}

function deviceClassIndex(compiled: readonly Compiled[]): ClassTable['byDeviceClass'] {
  return candidateIndex(compiled, ({ class: owner, spec }) =>
    (spec.deviceClasses ?? []).map(({ name, milliGpus, selectorMentions = [] }) => [
      name,
      { class: owner, milliGpus: BigInt(milliGpus), mentions: selectorMentions.map(text => text.toLowerCase()) },
    ]),
  )
}

function candidateIndex<C extends Candidate>(
  compiled: readonly Compiled[],
  entriesOf: (entry: Compiled) => readonly (readonly [string, C])[],
): ReadonlyMap<string, Candidates<C>> {
  const index = new Map<string, [C, ...C[]]>()
  for (const [key, candidate] of compiled.flatMap(entriesOf)) {
    const known = index.get(key)
    if (known === undefined) index.set(key, [candidate])
    else known.push(candidate)
  }
  return index
}

function labelIndex(compiled: readonly Compiled[]): ClassTable['byLabel'] {
  const index = new Map<string, Map<string, AcceleratorClass[]>>()
  for (const { class: owner, spec } of compiled) {
    for (const { key, values } of spec.nodeLabels ?? []) {
      const byValue = index.get(key) ?? new Map<string, AcceleratorClass[]>()
      index.set(key, byValue)
      for (const value of new Set(values)) byValue.set(value, [...(byValue.get(value) ?? []), owner])
    }
  }
  return index
}

function instanceTypeIndex(compiled: readonly Compiled[]): ClassTable['byInstanceType'] {
  const index = new Map<string, AcceleratorClass[]>()
  for (const { class: owner, spec } of compiled) {
    const types = new Set((spec.instanceTypes ?? []).map(bareInstanceType))
    for (const type of types) index.set(type, [...(index.get(type) ?? []), owner])
  }
  return index
}

/** Declared once, on the class that is the default of a resource, an annotation holds for every class of that resource. */
function fractionIndex(compiled: readonly Compiled[]): ClassTable['fractionAnnotations'] {
  const index = new Map<string, { unit: FractionUnit; devicesAnnotation: string | undefined; resources: Set<string> }>()
  for (const { spec } of compiled) {
    for (const { annotation, unit, devicesAnnotation } of spec.fractions ?? []) {
      if (annotation === undefined) continue
      const known = index.get(annotation) ?? { unit, devicesAnnotation, resources: new Set<string>() }
      index.set(annotation, known)
      for (const { name } of spec.resources ?? []) known.resources.add(name)
    }
  }
  return [...index].map(([annotation, fraction]) => ({ annotation, ...fraction }))
}

function modifierIndex(compiled: readonly Compiled[]): ClassTable['modifiers'] {
  const index = new Map<string, { unit: FractionUnit; resources: Set<string> }>()
  for (const { spec } of compiled) {
    for (const { resource, unit } of spec.fractions ?? []) {
      if (resource === undefined) continue
      const known = index.get(resource) ?? { unit, resources: new Set<string>() }
      index.set(resource, known)
      for (const { name } of spec.resources ?? []) known.resources.add(name)
    }
  }
  return index
}
