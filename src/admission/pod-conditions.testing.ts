/** Asking conditions as the API server does. */
import assert from 'node:assert/strict'
import { compileExpression } from '../policy/cel/compile.ts'
import { createBudget, EXPRESSION_COST } from '../policy/cel/cost.ts'
import { activate, evaluate } from '../policy/cel/evaluate.ts'
import { toRequest } from '../policy/cel/request.ts'
import { toCel } from '../policy/cel/value.ts'
import { requestOf } from '../policy/testing.ts'
import type { JsonObject } from '../schema/parts.ts'
import { parsedValue } from '../schema/testing.ts'

/** What a condition is asked about. */
export interface Seen {
  readonly object: JsonObject
  readonly oldObject?: JsonObject
  readonly namespace?: string
}

/** What the API server would make of a condition; it must give an answer. */
export function holds(expression: string, { object, oldObject, namespace = 'team-a' }: Seen): boolean {
  const compiled = parsedValue(compileExpression({ expression, resultType: 'bool', place: 'condition' }))
  const operation = oldObject === undefined ? 'CREATE' : 'UPDATE'
  const budget = createBudget(EXPRESSION_COST)
  const inputs = { object: toCel(object), oldObject: toCel(oldObject ?? null), params: null, namespaceObject: null }
  const result = evaluate(
    compiled,
    activate({ ...inputs, request: toRequest(requestOf(object, namespace, operation)) }),
    budget,
  )
  assert.ok(result.ok, result.ok ? '' : `${result.problem}: ${expression}`)
  return result.value
}

/** Undefined: the condition is about nothing. */
export function isMet(expression: string | undefined, seen: Seen): boolean {
  return expression !== undefined && holds(expression, seen)
}
