import type { Issue } from '../schema/parsed.ts'

// A pod of a thousand junk containers gets the first few of its problems, as every parser here gives them.
const MAX_ISSUES = 20
const MAX_SHOWN = 64

/** What is wrong with a pod, collected while it is read. */
export interface Findings {
  /** What no cluster would accept, or what we must not let pass. */
  readonly invalid: readonly Issue[]
  /** Places where a template variable stands, so that nothing can be said yet. */
  readonly open: readonly Issue[]
  refuse(issue: Issue): void
  leaveOpen(issue: Issue): void
}

export function createFindings(): Findings {
  const invalid: Issue[] = []
  const open: Issue[] = []
  return {
    invalid,
    open,
    refuse: issue => keep(invalid, issue),
    leaveOpen: issue => keep(open, issue),
  }
}

/** Foreign text as messages show it: quoted, cut, control characters escaped. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 3)}...` : text)
}

// Helm, Kustomize and envsubst files are read before they are rendered, and so are Argo's templates.
const PLACEHOLDER = /\$\{|\$\(|\$[A-Za-z_]|\{\{/

/** True for a template variable where a value should be: `${GPUS}`, `$GPUS`, `{{ .Values.gpus }}`. */
export function isPlaceholder(value: unknown): boolean {
  if (typeof value === 'string') return PLACEHOLDER.test(value)
  if (typeof value !== 'object' || value === null) return false
  // Without quotes YAML reads `{{ x }}` as a mapping from a mapping to null: `{ "{ x }": null }`, or `{}` where nulls are dropped.
  const [key, ...others] = Object.keys(value)
  return others.length === 0 && (key === undefined || key.startsWith('{')) && !Array.isArray(value)
}

function keep(issues: Issue[], issue: Issue): void {
  if (issues.length < MAX_ISSUES) issues.push(issue)
}
