/** What is told of a document in its status: from what became of it when the cluster was compiled, and from what is in use. */
import { fieldAt, objectAt, type PlacedObject, textAt } from '../../admission/objects.ts'
import { identityInCluster, type Unsound } from '../../admission/sound-cluster.ts'
import { asciiLine, truncate } from '../../admission/text.ts'
import { compileProgram } from '../../policy/program.ts'
import { parseDocument } from '../../schema/documents.ts'
import { formatIssue, type Issue } from '../../schema/parsed.ts'
import type { Condition } from '../../schema/status.ts'

/** A condition before it is known since when it holds. */
export type Told = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

export interface Outlook {
  /** The document as it is there, in force or not. */
  readonly object: PlacedObject
  readonly unsound: Unsound | undefined
  /** What is odd about it but not wrong. */
  readonly warnings: readonly Issue[]
  readonly use: Use
}

/** What a cohort or a tenant has in use that it should not have, a line each. */
export type Use =
  | { readonly kind: 'of-no-account' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'known'; readonly excesses: readonly string[] }

/** The conditions of a document. `Ready` sums them up: whether it is in force as it stands. */
export function conditionsOf(outlook: Outlook): readonly Told[] {
  return [ready(outlook), accepted(outlook), ...compiled(outlook), ...oversubscribed(outlook.use)]
}

function ready({ object, unsound, warnings }: Outlook): Told {
  const type = 'Ready'
  if (unsound !== undefined) {
    const reason = unsound.inForce === undefined ? 'NotInForce' : 'FormerVersionInForce'
    const instead = unsound.inForce === undefined ? 'not in force' : 'its last sound version is in force'
    return told(type, 'False', reason, `${instead}: ${textOf(unsound.issues)}`)
  }
  if (isSuspended(object)) return told(type, 'False', 'Suspended', 'spec.suspend is true')
  return warnings.length === 0
    ? told(type, 'True', 'InForce')
    : told(type, 'True', 'InForceWithWarnings', textOf(warnings))
}

function accepted({ unsound }: Outlook): Told {
  if (unsound === undefined) return told('Accepted', 'True', 'Valid')
  const isBetweenTwo = unsound.issues.some(({ documents = [] }) => documents.length > 1)
  return told('Accepted', 'False', isBetweenTwo ? 'Conflict' : 'Invalid', textOf(unsound.issues))
}

function compiled({ object, unsound }: Outlook): readonly Told[] {
  if (object.value.kind !== 'GpuPolicy') return []
  const type = 'Compiled'
  // A policy is in force only when its expressions compile; one that is switched off has not been looked at yet.
  if (unsound === undefined && !isSuspended(object)) return [told(type, 'True', 'Compiled')]
  const document = parseDocument(object.value, identityInCluster(object))
  if (!document.ok || document.value.kind !== 'GpuPolicy') return [told(type, 'Unknown', 'Unreadable')]
  const program = compileProgram(document.value)
  return [program.ok ? told(type, 'True', 'Compiled') : told(type, 'False', 'CompileFailed', textOf(program.issues))]
}

function oversubscribed(use: Use): readonly Told[] {
  const type = 'Oversubscribed'
  switch (use.kind) {
    case 'of-no-account':
      return []
    case 'unknown':
      return [told(type, 'Unknown', 'LedgerNotRead')]
    case 'known':
      return use.excesses.length === 0
        ? [told(type, 'False', 'WithinLimits')]
        : [told(type, 'True', 'UseAboveLimits', use.excesses.join('; '))]
  }
}

function isSuspended({ value }: PlacedObject): boolean {
  return value.kind === 'GpuPolicy' && fieldAt(value, 'spec', 'suspend') === true
}

function told(type: string, status: Told['status'], reason: string, message = ''): Told {
  return { type, status, reason, message: truncate(asciiLine(message), MAX_MESSAGE) }
}

// `kubectl get -o wide` shows all of it in one line; the bound of the API is 32 KiB.
const MAX_MESSAGE = 1_024

function textOf(issues: readonly Issue[]): string {
  return issues.map(formatIssue).join('; ')
}

/** What a status holds of what is told there. */
export interface Report {
  /** Absent where nothing has been told yet. */
  readonly observedGeneration?: number
  readonly conditions: readonly Condition[]
}

/** Reads a status that anybody may have written; what is no condition is left out. */
export function readReport(status: PlacedObject['value'] | undefined): Report {
  const conditions = fieldAt(status, 'conditions')
  const generation = fieldAt(status, 'observedGeneration')
  return {
    ...(typeof generation === 'number' ? { observedGeneration: generation } : {}),
    conditions: Array.isArray(conditions) ? conditions.flatMap(one => conditionFrom(objectAt(one)) ?? []) : [],
  }
}

function conditionFrom(value: PlacedObject['value'] | undefined): Condition | undefined {
  const [type, status, reason] = [textAt(value, 'type'), textAt(value, 'status'), textAt(value, 'reason')]
  const [message, since] = [textAt(value, 'message'), textAt(value, 'lastTransitionTime')]
  const generation = fieldAt(value, 'observedGeneration')
  if (type === undefined || reason === undefined || message === undefined || since === undefined) return undefined
  if (status !== 'True' && status !== 'False' && status !== 'Unknown') return undefined
  const observed = typeof generation === 'number' ? { observedGeneration: generation } : {}
  return { type, status, ...observed, lastTransitionTime: since, reason, message }
}

/**
 * The report of what is told now. A condition holds since its status became what it is, whatever its message; conditions that are
 * not ours stay where they are.
 */
export function reportOf(former: Report, now: readonly Told[], generation: number, nowMs: number): Report {
  const since = new Map(former.conditions.map(one => [one.type, one]))
  const ours = new Set(now.map(({ type }) => type))
  const current = now.map((one): Condition => {
    const before = since.get(one.type)
    const lastTransitionTime = before?.status === one.status ? before.lastTransitionTime : instant(nowMs)
    return { ...one, observedGeneration: generation, lastTransitionTime }
  })
  const foreign = former.conditions.filter(({ type }) => !ours.has(type) && !OURS.has(type))
  return { observedGeneration: generation, conditions: [...current, ...foreign] }
}

const OURS: ReadonlySet<string> = new Set(['Ready', 'Accepted', 'Compiled', 'Oversubscribed'])

/** `metav1.Time` has no parts of a second. */
function instant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
