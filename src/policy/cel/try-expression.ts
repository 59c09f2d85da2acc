/** One expression, compiled and run in one step: for tests, and for trying something out. */
import { compileExpression, compileVariables, type ResultType, type VariableSource } from './compile.ts'
import { type Budget, createBudget, POLICY_COST } from './cost.ts'
import { activate, evaluate } from './evaluate.ts'
import { toRequest } from './request.ts'
import { type SluiceFacts, toSluice } from './sluice.ts'
import { type CelValue, toCel } from './value.ts'

export interface Surroundings {
  readonly resultType?: ResultType
  readonly object?: unknown
  readonly params?: unknown
  readonly request?: unknown
  readonly sluice?: SluiceFacts
  readonly variables?: readonly VariableSource[]
  readonly budget?: Budget
}

/** Exactly one field is set: a value, why it does not compile, why it fails, or which limit it passed. */
export interface Tried {
  readonly value?: CelValue
  readonly refused?: string
  readonly fails?: string
  readonly exceeds?: string
}

export function tryExpression(expression: string, surroundings: Surroundings = {}): Tried {
  const variables = compileVariables(surroundings.variables ?? [], 'variables')
  if (!variables.ok) return { refused: firstIssue(variables.issues) }
  const compiled = compileExpression({
    expression,
    resultType: surroundings.resultType ?? 'dyn',
    place: 'here',
    variables: variables.value,
  })
  if (!compiled.ok) return { refused: firstIssue(compiled.issues) }
  const activation = activate(
    {
      object: toCel(surroundings.object),
      oldObject: null,
      params: toCel(surroundings.params),
      namespaceObject: null,
      request: toRequest(surroundings.request),
      ...(surroundings.sluice === undefined ? {} : { sluice: toSluice(surroundings.sluice) }),
    },
    variables.value,
  )
  const result = evaluate(compiled.value, activation, surroundings.budget ?? createBudget(POLICY_COST))
  if (result.ok) return { value: result.value }
  return result.exceeded ? { exceeds: result.problem } : { fails: result.problem }
}

function firstIssue(issues: readonly { readonly at: string; readonly problem: string }[]): string {
  return issues.map(({ at, problem }) => `${at}: ${problem}`)[0] ?? 'no issue'
}
