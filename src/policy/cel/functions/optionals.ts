/** What the package's optional values lack. */
import { Optional } from '@marcbachmann/cel-js'
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import type { FunctionDefinition } from './definition.ts'
import { nanosOf } from './durations.ts'

export const optionalFunctions: readonly FunctionDefinition[] = [
  {
    name: 'ofNonZeroValue',
    receiver: 'OptionalNamespace',
    params: ['A'],
    returns: 'optional<A>',
    call: (_: unknown, value: unknown) => (isZero(value) ? Optional.none() : Optional.of(value)),
  },
]

/** Null, false, zero, and everything empty. */
function isZero(value: unknown): boolean {
  if (value instanceof Map) return value.size === 0
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0
  if (value instanceof UnsignedInt) return value.value === 0n
  return value instanceof Duration ? nanosOf(value) === 0n : !value
}
