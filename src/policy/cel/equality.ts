/**
 * Equality and membership as CEL defines them: numbers compare by value across int, uint and double, values of different
 * kinds are unequal (not an error), lists and maps compare element by element.
 */
import { Optional } from '@marcbachmann/cel-js'
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { tick } from './cost.ts'
import { CelFailure } from './failure.ts'
import { nanosOf } from './functions/durations.ts'
import { CelQuantity } from './functions/quantity.ts'
import { type CelKey, TooDeep } from './value.ts'

export function equal(left: unknown, right: unknown): boolean {
  if (typeof left === 'string') return equalText(left, right)
  if (left === right) return true
  if (left === null || right === null) return false
  const number = numberOf(left)
  if (number !== undefined) return equalNumbers(number, numberOf(right))
  if (typeof left !== 'object' || typeof right !== 'object') return false
  return equalObjects(left, right)
}

/** `needle in haystack`; undefined when the haystack is neither a list nor a map. */
export function isIn(needle: unknown, haystack: unknown): boolean | undefined {
  if (haystack instanceof Map) {
    const key = keyOf(needle)
    return key !== undefined && haystack.has(key)
  }
  if (!Array.isArray(haystack)) return undefined
  return haystack.some(element => {
    tick(1)
    return equal(element, needle)
  })
}

/** The form in which a value is the key of a map: 1, 1u and 1.0 are one key. Undefined when it cannot be one. */
export function keyOf(value: unknown): CelKey | undefined {
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined
  return value instanceof UnsignedInt ? value.value : undefined
}

/** The number a value is: ints and uints as bigint, doubles as number. */
export function numberOf(value: unknown): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value
  return value instanceof UnsignedInt ? value.value : undefined
}

// Loose on purpose: JavaScript compares a bigint with a number by mathematical value.
function equalNumbers(left: bigint | number, right: bigint | number | undefined): boolean {
  // biome-ignore lint/suspicious/noDoubleEquals: see above
  return right !== undefined && left == right
}

function equalText(left: string, right: unknown): boolean {
  if (typeof right !== 'string' || left.length !== right.length) return false
  // Comparing costs what reading memory costs, which shows only where two long texts begin alike.
  if (left.length > 64) tick(left.length >>> 6)
  return left === right
}

function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  tick(left.length >>> 6)
  return Buffer.compare(left, right) === 0
}

function equalObjects(left: object, right: object): boolean {
  if (left instanceof TooDeep || right instanceof TooDeep) throw new CelFailure('a value is nested too deeply')
  if (Array.isArray(left)) return Array.isArray(right) && equalLists(left, right)
  if (left instanceof Map) return right instanceof Map && equalMaps(left, right)
  if (left instanceof CelQuantity) return right instanceof CelQuantity && left.nanos === right.nanos
  if (left instanceof Duration) return right instanceof Duration && nanosOf(left) === nanosOf(right)
  if (left instanceof Date) return right instanceof Date && left.getTime() === right.getTime()
  if (left instanceof Uint8Array) return right instanceof Uint8Array && equalBytes(left, right)
  if (left instanceof Optional) return right instanceof Optional && equalOptionals(left, right)
  return false
}

function equalLists(left: readonly unknown[], right: readonly unknown[]): boolean {
  if (left.length !== right.length) return false
  return left.every((element, index) => {
    tick(1)
    return equal(element, right[index])
  })
}

function equalMaps(left: ReadonlyMap<unknown, unknown>, right: ReadonlyMap<unknown, unknown>): boolean {
  if (left.size !== right.size) return false
  for (const [key, value] of left) {
    tick(1)
    if (!right.has(key) || !equal(value, right.get(key))) return false
  }
  return true
}

function equalOptionals(left: Optional, right: Optional): boolean {
  if (!left.hasValue() || !right.hasValue()) return left.hasValue() === right.hasValue()
  return equal(left.value(), right.value())
}
