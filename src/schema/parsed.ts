/** One thing wrong with an input: where it is, what is wrong, and what to write instead. */
export interface Issue {
  /** The place: a file with line and column, a field path such as `spec.containers[0].resources`, or both. */
  readonly at: string
  readonly problem: string
  readonly remedy?: string
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
