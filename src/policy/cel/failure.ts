/**
 * Errors of one evaluation, and what people read of them. An error text names functions, types and fields that stand in
 * the expression, and never holds a value of the object: it ends up in denials and logs, and the object may be a Secret.
 */
import { EvaluationError } from '@marcbachmann/cel-js'
import type { Node } from './internals.ts'

const MAX_PROBLEM_LENGTH = 300

/** An error of ours. It derives from the package's, which is what `||`, `exists` and optional access absorb. */
export class CelFailure extends EvaluationError {
  at: Node | undefined

  constructor(message: string, at?: Node) {
    // Not handed to the package as `node`: it would render the source line for an error that may be absorbed.
    super({ code: 'sluice', message })
    this.at = at
  }
}

/** The error with a place, if it had none: the innermost node that knows itself wins. */
export function located(error: unknown, node: Node): unknown {
  if (error instanceof CelFailure) {
    error.at ??= node
    return error
  }
  if (error instanceof EvaluationError && error.node === undefined) return new CelFailure(textOf(error), node)
  return error
}

/** One line: `1:24: no such key: limits`. */
export function problemOf(error: unknown, source: string): string {
  if (!(error instanceof EvaluationError)) return 'evaluation failed'
  const offset = error instanceof CelFailure ? error.at?.pos : positionOf(error)
  return oneLine(offset === undefined ? textOf(error) : `${placeIn(source, offset)}: ${textOf(error)}`)
}

/** Line and column, both from 1, the column in characters. */
export function placeIn(source: string, offset: number): string {
  const before = source.slice(0, offset).split('\n')
  return `${before.length}:${[...(before.at(-1) ?? '')].length + 1}`
}

export function positionOf(error: {
  readonly node?: { readonly pos: number }
  readonly range?: { readonly start: number }
}): number | undefined {
  return error.node?.pos ?? error.range?.start
}

export function oneLine(text: string): string {
  // A replaced built-in has '#' behind its name, and dyn<string> is a string that was not known to be one: its author
  // wrote neither.
  const plain = text.replaceAll('#', '').replaceAll(/dyn<([^<>]+)>/g, '$1')
  const line = plain.replaceAll(/\s+/g, ' ').trim()
  return line.length <= MAX_PROBLEM_LENGTH ? line : `${line.slice(0, MAX_PROBLEM_LENGTH - 3)}...`
}

/** Package errors whose own text quotes a value, or reads badly. */
const TEXT_OF_CODE: ReadonlyMap<string, string> = new Map([
  ['numeric_overflow', 'integer overflow'],
  ['unknown_variable', 'this variable has no value here'],
  ['unsupported_type', 'a value of a kind that expressions cannot use'],
])

function textOf(error: EvaluationError): string {
  return TEXT_OF_CODE.get(error.code) ?? error.summary
}
