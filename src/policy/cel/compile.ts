/**
 * Compiling expressions: the door of this folder, together with evaluate.ts (running them), value.ts (JSON in and out),
 * request.ts, sluice.ts (the typed variables) and cost.ts (budgets).
 */
import { failed, type Issue, type Parsed, parsed } from '../../schema/parsed.ts'
import { admissionEnvironment, type CelEnvironment } from './environment.ts'
import { placeIn } from './failure.ts'
import type { CelType } from './internals.ts'
import type { Flaw } from './limits.ts'
import { buildProgram, type Program } from './program.ts'
import type { CelKey, CelValue } from './value.ts'
import { type CompiledVariables, knownVariables, NO_VARIABLES } from './variables.ts'

const MAX_EXPRESSION_LENGTH = 16 * 1024
/** Kubernetes: MaxEvaluatedMessageExpressionSizeBytes. */
export const MAX_MESSAGE_EXPRESSION_LENGTH = 5 * 1024

/** What an expression may be asked to return. `dyn` is any value that JSON has. */
export interface ResultTypes {
  readonly bool: boolean
  readonly string: string
  readonly int: bigint
  readonly double: number
  readonly list: readonly CelValue[]
  readonly map: ReadonlyMap<CelKey, CelValue>
  readonly dyn: CelValue
}

export type ResultType = keyof ResultTypes

export interface ExpressionSource<T extends ResultType> {
  readonly expression: string
  readonly resultType: T
  /** Where the expression stands; the line and column inside it are added. */
  readonly place: string
  readonly variables?: CompiledVariables
  readonly maxLength?: number
}

export interface CompiledExpression<T extends ResultType = ResultType> {
  readonly resultType: T
  readonly program: Program
}

export interface VariableSource {
  readonly name: string
  readonly expression: string
}

/** Compiles an expression, once, at load. */
export function compileExpression<T extends ResultType>(
  source: ExpressionSource<T>,
  environment: CelEnvironment = admissionEnvironment(),
): Parsed<CompiledExpression<T>> {
  const { expression, resultType, place, variables = NO_VARIABLES, maxLength = MAX_EXPRESSION_LENGTH } = source
  const tooLong = lengthIssue(expression, place, maxLength)
  if (tooLong !== undefined) return failed(tooLong)
  const built = buildProgram(expression, environment, knownVariables(variables))
  if (!built.ok) return failed(issueOf(built.flaw, expression, place))
  const { program } = built
  if (!mayReturn(program.type, resultType)) {
    const wanted = resultType === 'dyn' ? 'a value of JSON' : resultType
    return failed({ at: `${place} 1:1`, problem: `must be ${wanted}, but is ${typeText(program.type)}` })
  }
  return parsed({ resultType, program })
}

/** Compiles the variables of a policy in order: each may use those before it. Every bad one is reported. */
export function compileVariables(
  sources: readonly VariableSource[],
  place: string,
  environment: CelEnvironment = admissionEnvironment(),
): Parsed<CompiledVariables> {
  const programs = new Map<string, Program>()
  const issues: Issue[] = []
  for (const [index, { name, expression }] of sources.entries()) {
    const at = `${place}[${index}]`
    const issue = nameIssue(name, programs, at) ?? lengthIssue(expression, `${at}.expression`, MAX_EXPRESSION_LENGTH)
    const built = issue === undefined ? buildProgram(expression, environment, programs) : undefined
    if (issue !== undefined) issues.push(issue)
    else if (built?.ok === false) issues.push(issueOf(built.flaw, expression, `${at}.expression`))
    else if (built !== undefined) programs.set(name, built.program)
  }
  return issues.length > 0 ? failed(...issues) : parsed({ programs })
}

function lengthIssue(expression: string, place: string, maxLength: number): Issue | undefined {
  if (expression.length <= maxLength) return undefined
  return { at: place, problem: `an expression has at most ${maxLength} characters, and this has ${expression.length}` }
}

function nameIssue(name: string, known: ReadonlyMap<string, unknown>, place: string): Issue | undefined {
  if (!/^[A-Za-z_]\w{0,62}$/.test(name)) {
    return { at: `${place}.name`, problem: 'not a CEL identifier', remedy: 'use letters, digits and _, at most 63' }
  }
  return known.has(name) ? { at: `${place}.name`, problem: 'this name is already taken' } : undefined
}

function issueOf(flaw: Flaw, source: string, place: string): Issue {
  const at = `${place} ${placeIn(source, flaw.offset)}`
  return { at, problem: flaw.problem, ...(flaw.remedy === undefined ? {} : { remedy: flaw.remedy }) }
}

/** A dyn result is checked when it is there. */
function mayReturn(type: CelType, wanted: ResultType): boolean {
  switch (wanted) {
    case 'list':
    case 'map':
      return type.kind === wanted || type.kind === 'dyn'
    case 'dyn':
      return type.kind !== 'optional' && type.kind !== 'message'
    case 'bool':
    case 'string':
    case 'int':
    case 'double':
      return type.name === wanted || type.kind === 'dyn'
  }
}

// A type that is still open is written with a letter: list<T>.
function typeText(type: CelType): string {
  return type.hasPlaceholderType ? type.name.replaceAll(/\b[A-Z]\b/g, 'dyn') : type.name
}
