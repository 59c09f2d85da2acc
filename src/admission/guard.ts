import type { Book } from '../quota/book.ts'
import { parseDocument, type SluiceDocument } from '../schema/documents.ts'
import { type DocumentName, formatIssue, type Issue, type Parsed } from '../schema/parsed.ts'
import type { JsonObject } from '../schema/parts.ts'
import { assembleCluster, type Cluster } from './cluster.ts'
import type { Denial } from './denial.ts'
import { documentName, type PlacedObject, readObjects } from './objects.ts'
import { type Reference, referencesTo } from './references.ts'
import { stranded } from './stranded.ts'

/** What a change of one document is held against. */
export interface Live {
  /** What is in force. */
  readonly cluster: Cluster
  /** As `assembleCluster` takes them; the last layer is what the API server holds. */
  readonly layers: readonly (readonly PlacedObject[])[]
  readonly bookOf: (tree: string) => Book | undefined
}

export interface Judgement {
  readonly denials: readonly Denial[]
  readonly warnings: readonly string[]
}

/**
 * Whether a document may be created, or take the place of the one of its name: all that is there is assembled with it once more,
 * and it is refused for what it causes, never for what was wrong before. Two that are judged at the same moment do not see each
 * other: what they cause together, their conditions tell.
 */
export function judgeWrite(object: JsonObject, name: DocumentName, live: Live): Judgement {
  const candidate = { at: placeOf(name), value: object }
  const document = parseDocument(object, candidate.at)
  if (!document.ok) return refusedFor(document.issues, name, 'SLU-E201')

  const layers = relevantTo(name, live.layers)
  const after = assembleCluster(...layers, [candidate])
  if (after.ok) return accepted(live, after.value, name)
  return judgeIssues(causedBy(name, assembleCluster(...layers), after.issues), name)
}

/** Whether a document may go. Nothing that names it may be left behind. */
export function judgeDelete(name: DocumentName, live: Live): Judgement {
  const layers = relevantTo(name, live.layers)
  const remaining = layers.map((layer, index) => (index < layers.length - 1 ? layer : layer.filter(isNot(name))))
  const { documents } = readObjects(remaining, [])
  // Below a document that replaced a shipped one, the shipped one is still there.
  const isReplacement = documents.some(document => isNamed(document, name))
  const references = isReplacement ? [] : referencesTo(name, documents)
  if (references.length > 0) return { denials: [stillReferred(name, references)], warnings: [] }

  const after = assembleCluster(...remaining)
  if (after.ok) return accepted(live, after.value, name)
  const before = assembleCluster(...layers)
  return before.ok ? judgeIssues(after.issues, name) : UNJUDGED
}

// While others are broken, all that can be said of a document is that it breaks nothing more.
const UNJUDGED: Judgement = {
  denials: [],
  warnings: ['other objects of sluice.dev are not valid, so what this means for what runs is not known'],
}

function judgeIssues(caused: readonly Issue[], name: DocumentName): Judgement {
  return caused.length === 0 ? UNJUDGED : refusedFor(caused, name, 'SLU-E202')
}

/**
 * Where all was well, the candidate has caused whatever is wrong now. Where it was not, it may have uncovered what others had hidden
 * (a class that does not compile hides every quota), so it answers only for what it is to blame for itself.
 */
function causedBy(name: DocumentName, before: Parsed<Cluster>, after: readonly Issue[]): readonly Issue[] {
  if (before.ok) return after
  const known = new Set(before.issues.map(identityOf))
  return after.filter(issue => !known.has(identityOf(issue)) && isAbout(issue, name))
}

// A remedy lists what there is, so it changes with documents that have nothing to do with the issue.
function identityOf({ at, problem }: Issue): string {
  return formatIssue({ at, problem })
}

function isAbout({ documents = [] }: Issue, { kind, name }: DocumentName): boolean {
  return documents.some(document => document.kind === kind && document.name === name)
}

function accepted(live: Live, after: Cluster, name: DocumentName): Judgement {
  const known = new Set(live.cluster.warnings.map(identityOf))
  const odd = after.warnings.filter(issue => isAbout(issue, name) && !known.has(identityOf(issue)))
  const left = QUOTA_KINDS.has(name.kind) ? stranded(name, live.cluster.quotas, after.quotas, live.bookOf) : []
  return { denials: [], warnings: [...left, ...odd.map(({ at, problem }) => `${partsOfPlace(at).field}: ${problem}`)] }
}

const QUOTA_KINDS: ReadonlySet<string> = new Set(['AcceleratorClass', 'Cohort', 'TenantQuota'])
const POLICY_KINDS: ReadonlySet<string> = new Set(['GpuPolicy', 'FabricProfile'])
/** What quotas read of objects that are not ours: the members of a selector, and capacity. */
const QUOTA_NATIVES: ReadonlySet<string> = new Set(['Namespace', 'Node'])

/** Quotas and policies do not read each other: a policy need not wait for ten thousand tenants to be compiled. */
function relevantTo({ kind }: DocumentName, layers: Live['layers']): Live['layers'] {
  const kinds = QUOTA_KINDS.has(kind) ? QUOTA_KINDS : POLICY_KINDS
  return layers.map(layer =>
    layer.filter(object => {
      const own = documentName(object)?.kind
      return own === undefined ? kinds === QUOTA_KINDS && QUOTA_NATIVES.has(String(object.value.kind)) : kinds.has(own)
    }),
  )
}

function isNot({ kind, name }: DocumentName): (object: PlacedObject) => boolean {
  return object => {
    const own = documentName(object)
    return own?.kind !== kind || own.name !== name
  }
}

function isNamed(document: SluiceDocument, { kind, name }: DocumentName): boolean {
  return document.kind === kind && document.metadata.name === name
}

function refusedFor(issues: readonly Issue[], name: DocumentName, code: string): Judgement {
  return { denials: issues.map(issue => denialOf(issue, name, code)), warnings: [] }
}

function denialOf(issue: Issue, name: DocumentName, code: string): Denial {
  const { subject, field, position } = partsOfPlace(issue.at)
  // Some are told at the other one: two tenants with one namespace, two policies that disagree.
  const where = subject === placeOf(name) ? '' : `${subject}: `
  const fix = issue.remedy === undefined ? {} : { fix: issue.remedy }
  return { code, reason: 'Invalid', field, message: `${where}${position}${issue.problem}`, ...fix }
}

interface PlaceParts {
  readonly subject: string
  readonly field: string
  readonly position: string
}

/** `GpuPolicy fabric: spec.validate[0].expression 2:14`: the document, the field, and where in its text. */
function partsOfPlace(at: string): PlaceParts {
  const [subject = '', ...rest] = at.split(': ')
  const path = rest.join(': ')
  const found = /^(?<field>.*) (?<line>\d+):(?<column>\d+)$/.exec(path)?.groups
  if (found === undefined) return { subject, field: path === '' ? 'spec' : path, position: '' }
  return { subject, field: found.field ?? '', position: `line ${found.line}, column ${found.column}: ` }
}

function placeOf({ kind, name }: DocumentName): string {
  return `${kind} ${name}`
}

const MAX_NAMED = 3

function stillReferred(name: DocumentName, references: readonly Reference[]): Denial {
  const named = references.slice(0, MAX_NAMED).map(({ from }) => placeOf(from))
  const more = references.length - named.length
  return {
    code: 'SLU-E210',
    // Not Invalid: nothing is wrong with the object, and it may go when the others have let go of it.
    reason: 'Forbidden',
    message: `${placeOf(name)} is in use by ${named.join(', ')}${more === 0 ? '' : ` and ${more} more`}`,
    why: references.map(({ from, field }) => `${placeOf(from)} names it in ${field}`).join('; '),
    fix: 'change or delete them first',
  }
}
