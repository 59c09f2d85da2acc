/** Limits on the form of an expression, checked before its types: what the parser cannot limit by itself. */
import { fitsInt64 } from './int64.ts'
import type { Node } from './internals.ts'
import { literalOf, walk } from './nodes.ts'

/** The evaluator recurses once per level. */
const MAX_HEIGHT = 400
/** The same with the variables it uses, and those they use. Measured: the stack holds 1,700 levels of nested calls. */
export const MAX_TOTAL_HEIGHT = 800
/** Kubernetes bounds this by estimated cost; four loops in one another are beyond any pod. */
const MAX_NESTING = 4

/** Something wrong at an offset of the source. */
export interface Flaw {
  readonly offset: number
  readonly problem: string
  readonly remedy?: string
}

/** The number of levels of the expression, or what is wrong with its form. */
export function measure(root: Node): { readonly ok: true; readonly height: number } | ({ readonly ok: false } & Flaw) {
  let height = 0
  const negated = new Set<unknown>()
  for (const { node, depth, nesting } of walk(root)) {
    height = Math.max(height, depth)
    if (node.op === '-_') negated.add(node.args)
    const problem = problemOf(node, depth, nesting, negated.has(node))
    if (problem !== undefined) return { ok: false, offset: node.pos, problem }
  }
  return { ok: true, height }
}

function problemOf(node: Node, depth: number, nesting: number, isNegated: boolean): string | undefined {
  if (depth > MAX_HEIGHT) return `the expression is nested more than ${MAX_HEIGHT} levels deep`
  if (nesting > MAX_NESTING) return `comprehensions are nested more than ${MAX_NESTING} deep`
  const literal = literalOf(node)
  // The parser reads -9223372036854775808 as the negative of a number that is itself one too large.
  if (typeof literal === 'bigint' && !fitsInt64(isNegated ? -literal : literal)) return 'integer overflow'
  return undefined
}
