/** One thing wrong with an input: where it is, what is wrong, and what to write instead. */
export interface Issue {
  /** The place: a file with line and column, a field path such as `spec.containers[0].resources`, or both. */
  readonly at: string
  readonly problem: string
  readonly remedy?: string
  /**
   * The documents to blame, where it is about documents: each of them could be changed to mend it. The first is the one that
   * the place is in.
   */
  readonly documents?: readonly DocumentName[]
}

/** How a document is known among those of its kind. */
export interface DocumentName {
  readonly kind: string
  readonly name: string
}

interface Named {
  readonly kind: string
  readonly metadata: { readonly name: string }
}

/** The issues with the documents that are to blame for them. */
export function blamedOn(documents: readonly Named[], issues: readonly Issue[]): readonly Issue[] {
  const names = documents.map(({ kind, metadata }) => ({ kind, name: metadata.name }))
  return issues.map(issue => ({ ...issue, documents: names }))
}

/** What a parser returns: the value as a type that cannot be wrong, or every problem found. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly issues: readonly Issue[] }

export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value }
}

export function failed(...issues: readonly Issue[]): Parsed<never> {
  return { ok: false, issues }
}

export function formatIssue(issue: Issue): string {
  return `${issue.at}: ${issue.problem}${issue.remedy === undefined ? '' : ` (${issue.remedy})`}`
}

/** The value, or undefined with its issues added to those of the others. */
export function taken<T>(result: Parsed<T>, issues: Issue[]): T | undefined {
  if (result.ok) return result.value
  issues.push(...result.issues)
  return undefined
}
