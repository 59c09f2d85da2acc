/** Running compiled expressions against one request. */
import type { CompiledExpression, ResultType, ResultTypes } from './compile.ts'
import { type Budget, metered, tick } from './cost.ts'
import { CelFailure, problemOf } from './failure.ts'
import type { TypedObject } from './typed-object.ts'
import { type CelValue, isList } from './value.ts'
import { type CompiledVariables, NO_VARIABLES, VariableValues } from './variables.ts'

/** What expressions see of one request. Make it once per request. */
export interface Inputs {
  readonly object: CelValue
  readonly oldObject: CelValue
  readonly params: CelValue
  readonly namespaceObject: CelValue
  readonly request?: TypedObject
  readonly sluice?: TypedObject
}

/** The inputs together with the variables of one policy, which are evaluated at most once for it. */
export interface Activation {
  readonly values: Readonly<Record<string, unknown>>
}

export type Evaluation<T extends ResultType = ResultType> =
  | { readonly ok: true; readonly value: ResultTypes[T] }
  | { readonly ok: false; readonly problem: string; readonly exceeded: boolean }

export function activate(inputs: Inputs, variables: CompiledVariables = NO_VARIABLES): Activation {
  // Laid over the inputs and not copied from them: an input may make its value when it is read.
  const values: Record<string, unknown> = Object.create(inputs)
  values.variables = new VariableValues(variables, () => values)
  return { values }
}

/** Never throws. `exceeded`: a limit of cost, time or size was passed, rather than an error of the expression. */
export function evaluate<T extends ResultType>(
  { program, resultType }: CompiledExpression<T>,
  activation: Activation,
  budget: Budget,
): Evaluation<T> {
  const result = metered(budget, () => resultOf(program.run(activation.values), resultType))
  switch (result.kind) {
    case 'done':
      return { ok: true, value: result.value }
    case 'failed':
      return { ok: false, problem: problemOf(result.error, program.source), exceeded: false }
    case 'exceeded':
      return { ok: false, problem: `evaluation passed ${result.limit}`, exceeded: true }
  }
}

function resultOf<T extends ResultType>(value: unknown, wanted: T): ResultTypes[T] {
  if (!HAS_TYPE[wanted](value)) throw new CelFailure(`the result is not ${NOUNS[wanted]}`)
  // Checked as a whole: a list may hold an optional, or a thousand names for one list and be endless when written out.
  if (!isData(value)) throw new CelFailure('the result holds something that JSON does not have')
  return value as ResultTypes[T]
}

const NOUNS: Readonly<Record<ResultType, string>> = {
  bool: 'a bool',
  string: 'a string',
  int: 'an int',
  double: 'a double',
  list: 'a list',
  map: 'a map',
  dyn: 'a value of JSON',
}

const HAS_TYPE: Readonly<Record<ResultType, (value: unknown) => boolean>> = {
  bool: value => typeof value === 'boolean',
  string: value => typeof value === 'string',
  int: value => typeof value === 'bigint',
  double: value => typeof value === 'number',
  list: isList,
  map: value => value instanceof Map,
  dyn: () => true,
}

function isData(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return value !== undefined
  tick(1)
  if (isList(value)) return value.every(isData)
  return value instanceof Map && [...value.values()].every(isData)
}
