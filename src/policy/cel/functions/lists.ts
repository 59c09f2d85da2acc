/** The list functions of Kubernetes: its own (`sum`, `min`, ...) and those of cel-go's list library, version 3. */
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { exceed, MAX_BUILT_LENGTH, tick } from '../cost.ts'
import { equal } from '../equality.ts'
import { CelFailure } from '../failure.ts'
import { fitsInt64 } from '../int64.ts'
import { isList } from '../value.ts'
import { type FunctionDefinition, overloads } from './definition.ts'
import { nanosOf, toDuration } from './durations.ts'
import { compareValues } from './order.ts'

export class ListsNamespace {}

type List = readonly unknown[]

function method(name: string, params: readonly string[], returns: string, call: FunctionDefinition['call']) {
  return { name, receiver: 'list<T>', params, returns, call }
}

export const listFunctions: readonly FunctionDefinition[] = [
  method('isSorted', [], 'bool', isSorted),
  method('sum', [], 'T', sum),
  method('min', [], 'T', (list: List) => extreme('min', list, order => order > 0)),
  method('max', [], 'T', (list: List) => extreme('max', list, order => order < 0)),
  method('indexOf', ['T'], 'int', (list: List, value: unknown) => BigInt(list.findIndex(isEqualTo(value)))),
  method('lastIndexOf', ['T'], 'int', (list: List, value: unknown) => BigInt(list.findLastIndex(isEqualTo(value)))),
  { name: 'includes', receiver: 'dyn', params: ['dyn'], returns: 'bool', call: includes },
  method('distinct', [], 'list<T>', distinct),
  ...overloads('flatten', 'list<dyn>', [
    { receiver: 'list', params: [], call: (list: List) => flatten(list, 1n) },
    { receiver: 'list', params: ['int'], call: flatten },
  ]),
  method('slice', ['int', 'int'], 'list<T>', slice),
  method('sort', [], 'list<T>', (list: List) => sorted(list, list)),
  method('reverse', [], 'list<T>', reverse),
  { name: 'range', receiver: 'ListsNamespace', params: ['int'], returns: 'list<int>', call: range },
]

/** The list in the order of its keys; equal keys keep their order. */
export function sorted(list: List, keys: List): List {
  const positions = keys.map((_, position) => position)
  positions.sort((a, b) => compareValues(keys[a], keys[b]))
  return positions.map(position => list[position])
}

function isSorted(list: List): boolean {
  return list.every((value, index) => index === 0 || compareValues(list[index - 1], value) <= 0)
}

function sum(list: List): unknown {
  tick(list.length)
  return list.length === 0 ? 0n : list.reduce(plus, zeroLike(list[0]))
}

function zeroLike(value: unknown): unknown {
  if (value instanceof UnsignedInt) return new UnsignedInt(0n)
  if (value instanceof Duration) return toDuration(0n)
  return typeof value === 'number' ? 0 : 0n
}

function plus(total: unknown, value: unknown): unknown {
  if (typeof total === 'bigint' && typeof value === 'bigint') return int64(total + value)
  if (typeof total === 'number' && typeof value === 'number') return total + value
  if (total instanceof UnsignedInt && value instanceof UnsignedInt) return new UnsignedInt(total.value + value.value)
  if (total instanceof Duration && value instanceof Duration) return toDuration(nanosOf(total) + nanosOf(value))
  throw new CelFailure('sum() takes numbers of one type, or durations')
}

function int64(value: bigint): bigint {
  if (!fitsInt64(value)) throw new CelFailure('integer overflow')
  return value
}

function extreme(name: string, list: List, isBetter: (order: number) => boolean): unknown {
  if (list.length === 0) throw new CelFailure(`${name}() of an empty list`)
  // A list of one is compared with itself: its element must be of a kind that has an order.
  return list.reduce((best, value) => (isBetter(compareValues(best, value)) ? value : best), list[0])
}

function isEqualTo(value: unknown): (element: unknown) => boolean {
  return element => {
    tick(1)
    return equal(element, value)
  }
}

function includes(target: unknown, value: unknown): boolean {
  return Array.isArray(target) ? target.some(isEqualTo(value)) : equal(target, value)
}

function distinct(list: List): List {
  const kept: unknown[] = []
  for (const value of list) if (!kept.some(isEqualTo(value))) kept.push(value)
  return kept
}

function flatten(list: List, depth: bigint): List {
  if (depth < 0n) throw new CelFailure('flatten() takes a depth of at least 0')
  const flat: unknown[] = []
  flattenInto(flat, list, depth)
  return flat
}

function flattenInto(flat: unknown[], list: List, depth: bigint): void {
  // Before the elements are there: a list of twenty thousand names for one list of that length is soon written.
  tick(list.length)
  for (const element of list) {
    if (depth > 0n && isList(element)) flattenInto(flat, element, depth - 1n)
    else flat.push(element)
  }
  if (flat.length > MAX_BUILT_LENGTH) exceed('the length of a list')
}

function slice(list: List, start: bigint, end: bigint): List {
  if (start < 0n || start > end || end > BigInt(list.length)) throw new CelFailure('index out of range')
  tick(Number(end - start))
  return list.slice(Number(start), Number(end))
}

function reverse(list: List): List {
  tick(list.length)
  return list.toReversed()
}

function range(_: unknown, length: bigint): List {
  if (length < 0n) return []
  if (length > BigInt(MAX_BUILT_LENGTH)) exceed('the length of a list')
  tick(Number(length))
  return Array.from({ length: Number(length) }, (_element, index) => BigInt(index))
}
