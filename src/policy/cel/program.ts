/** From the source of an expression to something that can be run: parse, limits, rewrite, type check, instrument. */
import { TypeError as CelTypeError, ParseError } from '@marcbachmann/cel-js'
import type { CelEnvironment } from './environment.ts'
import { oneLine, positionOf } from './failure.ts'
import { instrument } from './instrument.ts'
import type { CelType, Node } from './internals.ts'
import { type Flaw, MAX_TOTAL_HEIGHT, measure } from './limits.ts'
import { rewrite } from './rewrite.ts'

export interface Program {
  readonly source: string
  readonly type: CelType
  /** Levels of recursion, with those of the variables it uses. */
  readonly height: number
  run(values: Readonly<Record<string, unknown>>): unknown
}

/** A variable of the policy as a later expression sees it. */
export interface KnownVariable {
  readonly type: CelType
  readonly height: number
}

export type Built = { readonly ok: true; readonly program: Program } | { readonly ok: false; readonly flaw: Flaw }

export function buildProgram(
  source: string,
  environment: CelEnvironment,
  variables: ReadonlyMap<string, KnownVariable>,
): Built {
  try {
    return build(source, environment, variables)
  } catch (error) {
    return { ok: false, flaw: flawOf(error) }
  }
}

function build(source: string, environment: CelEnvironment, variables: ReadonlyMap<string, KnownVariable>): Built {
  const parsed = environment.parse(source)
  const root = parsed.ast as unknown as Node
  const measured = measure(root)
  if (!measured.ok) return { ok: false, flaw: measured }
  const types = new Map([...variables].map(([name, variable]) => [name, variable.type]))
  const rewritten = rewrite(root, environment, types)
  if (!rewritten.ok) return { ok: false, flaw: rewritten }
  const checked = parsed.check()
  if (!checked.valid || root.checkedType === undefined) throw checked.error
  const flaw = instrument(root, environment)
  if (flaw !== undefined) return { ok: false, flaw }

  const below = [...rewritten.uses].map(name => variables.get(name)?.height ?? 0)
  const height = measured.height + Math.max(0, ...below)
  if (height > MAX_TOTAL_HEIGHT) {
    const problem = `with its variables, the expression is nested more than ${MAX_TOTAL_HEIGHT} levels deep`
    return { ok: false, flaw: { offset: 0, problem } }
  }
  return { ok: true, program: { source, type: root.checkedType, height, run: values => parsed(values) } }
}

function flawOf(error: unknown): Flaw {
  if (error instanceof ParseError || error instanceof CelTypeError) {
    return { offset: positionOf(error) ?? 0, problem: oneLine(error.summary) }
  }
  // The parser recurses without a limit on !!!!..., and reports running out of stack as JavaScript does.
  if (error instanceof RangeError) return { offset: 0, problem: 'the expression is nested too deeply' }
  // Overloads that the package cannot choose between are a plain error there, and any other is a bug: either way this
  // expression cannot be used, and whoever wrote it must not take the process down.
  return { offset: 0, problem: oneLine(`the expression cannot be checked: ${messageOf(error)}`) }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error'
}
