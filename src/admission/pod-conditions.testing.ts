/** Asking conditions as the API server does, and pods to ask about. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
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

const DEVICES = [
  'nvidia.com/gpu',
  'nvidia.com/mig-1g.10gb',
  'nvidia.com/mig-2g.99gb',
  'nvidia.com/gpumem',
  'example.com/fpga',
  'deviceclass.resource.kubernetes.io/gpu.nvidia.com',
  'deviceclass.resource.kubernetes.io/nic',
]
const PLAIN = fc.constantFrom('cpu', 'memory', 'example.com/fpga')
const amounts = fc.dictionary(
  fc.oneof({ weight: 9, arbitrary: PLAIN }, { weight: 1, arbitrary: fc.constantFrom(...DEVICES) }),
  fc.constantFrom('0', '1', '8'),
  { maxKeys: 3 },
)
// Requests of an extended resource are those of its limit; the API server sees to that before anybody is asked.
const resources = amounts.map(limits => ({ limits, requests: limits }))
const container = fc.record({ name: fc.constantFrom('a', 'b', 'c'), resources }, { requiredKeys: ['name'] })
/** Most pods have none of it, or every pod would have something. */
function rarely<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value })
}

const labels = fc.record({
  app: fc.constantFrom('web', 'db'),
  role: fc.constantFrom("it's", 'c', undefined),
  off: rarely(fc.constant('')),
  'sluice.dev/tier': rarely(fc.constantFrom('burst', 'gold', '')),
})
const CLAIM = { name: 'gpu', resourceClaimTemplateName: 'gpu' }
/** Pods as the API server accepts them, of which most ask for nothing. */
export const somePod = fc
  .record({
    metadata: fc.record({
      labels,
      annotations: fc.record({ 'gpu-fraction': rarely(fc.constantFrom('0.5', '2')), note: fc.constant('x') }),
    }),
    spec: fc.record({
      containers: fc.array(container, { minLength: 1, maxLength: 3 }),
      initContainers: rarely(fc.array(container, { maxLength: 2 })),
      overhead: rarely(amounts),
      runtimeClassName: rarely(fc.constantFrom('nvidia', 'gvisor')),
      resourceClaims: rarely(fc.constantFrom([], [CLAIM])),
    }),
  })
  // Without what is undefined, as JSON has it.
  .map((value): JsonObject => JSON.parse(JSON.stringify(value)))
