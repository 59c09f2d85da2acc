/** The order of values that can be compared: numbers among each other, texts, booleans, bytes, durations, timestamps. */
import { Duration } from '@marcbachmann/cel-js/evaluator'
import { tick } from '../cost.ts'
import { numberOf } from '../equality.ts'
import { CelFailure } from '../failure.ts'
import { nanosOf } from './durations.ts'

/** Negative, zero or positive; NaN where a NaN is involved. Throws when the two cannot be compared. */
export function compareValues(left: unknown, right: unknown): number {
  tick(1)
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right)
  const a = sortKey(left)
  const b = sortKey(right)
  if (a === undefined || b === undefined || !sameKind(a, b)) throw new CelFailure('these values cannot be compared')
  if (typeof a === 'string' && a.length > 64) tick(a.length >>> 6)
  if (a < b) return -1
  return a > b ? 1 : Number(a) - Number(b) || 0
}

type SortKey = bigint | number | string | boolean

function sortKey(value: unknown): SortKey | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (value instanceof Duration) return nanosOf(value)
  return value instanceof Date ? value.getTime() : numberOf(value)
}

function sameKind(a: SortKey, b: SortKey): boolean {
  return kindOf(a) === kindOf(b)
}

function kindOf(key: SortKey): string {
  return typeof key === 'bigint' ? 'number' : typeof key
}
