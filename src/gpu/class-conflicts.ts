import type { AcceleratorClassDocument } from '../schema/documents.ts'
import { blamedOn, type Issue } from '../schema/parsed.ts'
import { placeOf, repeated } from './class-checks.ts'
import { quoted } from './findings.ts'
import { migResource } from './mig.ts'

/** What is wrong between classes: nobody could say where a pod counts, or an entry that no pod ever reaches. */
export function conflictsBetween(documents: readonly AcceleratorClassDocument[]): readonly Issue[] {
  return [
    ...repeatedNames(documents),
    ...[...entriesByRequest(documents)].flatMap(([asked, entries]) => conflictsOver(asked, entries)),
    ...meaningConflicts(documents),
    ...modifierConflicts(documents),
  ]
}

/** One line of a class that answers a request. */
interface Entry {
  readonly document: AcceleratorClassDocument
  readonly at: string
  /** Whether a pod can point at this class rather than at another one with the same entry. */
  readonly canBeNamed: boolean
}

function repeatedNames(documents: readonly AcceleratorClassDocument[]): readonly Issue[] {
  return [...repeated(documents.map(document => document.metadata.name))].flatMap(name =>
    blamedOn(
      [{ kind: 'AcceleratorClass', metadata: { name } }],
      [
        {
          at: `AcceleratorClass ${name}: metadata.name`,
          problem: 'two classes have this name',
          remedy: 'rename or remove one of them',
        },
      ],
    ),
  )
}

function entriesByRequest(documents: readonly AcceleratorClassDocument[]): ReadonlyMap<string, readonly Entry[]> {
  const named = new Map<string, Entry[]>()
  const profiles = new Map<string, Entry[]>()
  for (const document of documents) {
    const { resources = [], deviceClasses = [], mig } = document.spec
    const canBeNamed = hasNodes(document)
    for (const [index, { name }] of resources.entries()) {
      add(named, name, { document, canBeNamed, at: placeOf(document, `spec.resources[${index}]`) })
    }
    for (const [index, profile] of (mig?.profiles ?? []).entries()) {
      add(profiles, migResource(profile), {
        document,
        canBeNamed,
        at: placeOf(document, `spec.mig.profiles[${index}]`),
      })
    }
    for (const [index, { name, selectorMentions = [] }] of deviceClasses.entries()) {
      const at = placeOf(document, `spec.deviceClasses[${index}]`)
      add(named, `DeviceClass ${name}`, { document, at, canBeNamed: canBeNamed || selectorMentions.length > 0 })
    }
  }
  return new Map([...profiles, ...named])
}

function hasNodes({ spec }: AcceleratorClassDocument): boolean {
  return (spec.nodeLabels ?? []).length > 0 || (spec.instanceTypes ?? []).length > 0
}

function add(entries: Map<string, Entry[]>, asked: string, entry: Entry): void {
  const known = entries.get(asked)
  if (known === undefined) entries.set(asked, [entry])
  else known.push(entry)
}

/*
 * A request that several classes answer needs at most one default, and every other class needs something a pod can name it by.
 * It does not need a default: two time-sliced pools share `nvidia.com/gpu.shared`, and neither may be the default of all they
 * list, because that would make them the default of `nvidia.com/gpu` too. A pod that names neither pool is counted in the first
 * by name, and told so. What is refused is the class that no pod could name: the alphabet alone would decide over it.
 */
function conflictsOver(asked: string, entries: readonly Entry[]): readonly Issue[] {
  if (entries.length < 2) return []
  const defaults = entries.filter(({ document }) => document.spec.default === true)
  const unreachable = entries.filter(entry => !entry.canBeNamed && !defaults.includes(entry))
  return [
    ...(defaults.length < 2 ? [] : blamedOn(documentsOf(defaults), [twoDefaults(asked, defaults)])),
    ...unreachable.flatMap(entry =>
      blamedOn(documentsOf([entry, ...entries]), [unreachableIssue(asked, entry, entries)]),
    ),
  ]
}

function documentsOf(entries: readonly Entry[]): readonly AcceleratorClassDocument[] {
  return [...new Set(entries.map(({ document }) => document))]
}

function twoDefaults(asked: string, entries: readonly Entry[]): Issue {
  const [first, ...others] = entries
  return {
    at: first?.at ?? '',
    problem: `${asked} has ${entries.length} default classes: ${namesOf(entries)}`,
    remedy: `remove \`default: true\` from ${namesOf(others)}, or the entry`,
  }
}

function unreachableIssue(asked: string, entry: Entry, entries: readonly Entry[]): Issue {
  const others = entries.filter(other => other.document !== entry.document)
  return {
    at: entry.at,
    problem: `${asked} is shared with ${namesOf(others)}, and nothing in a pod can name this class`,
    remedy: 'give it nodeLabels or instanceTypes (for a device class, selectorMentions), or make it the default',
  }
}

function namesOf(entries: readonly Entry[]): string {
  const names = entries.map(({ document }) => document.metadata.name).toSorted()
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')
}

interface Declaration {
  readonly document: AcceleratorClassDocument
  readonly at: string
  readonly key: string
  readonly meaning: string
}

/** An annotation or a modifier resource has one meaning, whoever declares it. */
function meaningConflicts(documents: readonly AcceleratorClassDocument[]): readonly Issue[] {
  const declarations = documents.flatMap(declarationsOf)
  const first = new Map(declarations.toReversed().map(declaration => [declaration.key, declaration]))
  return declarations.flatMap(({ document, at, key, meaning }) => {
    const other = first.get(key)
    if (other === undefined || other.meaning === meaning) return []
    const problem = `${key} means something else in class ${other.document.metadata.name}`
    return blamedOn([document, other.document], [{ at, problem, remedy: 'give it one unit and one devicesAnnotation' }])
  })
}

function declarationsOf(document: AcceleratorClassDocument): readonly Declaration[] {
  return (document.spec.fractions ?? []).flatMap(({ annotation, resource, unit, devicesAnnotation = '' }, index) => {
    const at = placeOf(document, `spec.fractions[${index}]`)
    const declarations: Declaration[] = []
    if (annotation !== undefined) {
      declarations.push({
        document,
        at,
        key: `annotation ${quoted(annotation)}`,
        meaning: `${unit} ${devicesAnnotation}`,
      })
    }
    if (resource !== undefined) declarations.push({ document, at, key: `resource ${quoted(resource)}`, meaning: unit })
    return declarations
  })
}

/** What says how much of a device a container takes is not a device in another class. */
function modifierConflicts(documents: readonly AcceleratorClassDocument[]): readonly Issue[] {
  const devices = new Map(
    documents.flatMap(document => (document.spec.resources ?? []).map(({ name }) => [name, document] as const)),
  )
  return documents.flatMap(document =>
    (document.spec.fractions ?? []).flatMap(({ resource }, index) => {
      const owner = resource === undefined ? undefined : devices.get(resource)
      if (resource === undefined || owner === undefined || owner.metadata.name === document.metadata.name) return []
      const at = placeOf(document, `spec.fractions[${index}]`)
      const problem = `${quoted(resource)} is a device of class ${owner.metadata.name}`
      return blamedOn([document, owner], [{ at, problem, remedy: 'keep it as one of the two' }])
    }),
  )
}
