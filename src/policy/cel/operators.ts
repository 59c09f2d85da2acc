/**
 * What the operators do at run time, in place of the package's own: checked 64-bit arithmetic, cross-type equality, and a
 * price on everything whose cost depends on the size of its operands. Which types an operator accepts is still the
 * package's decision: values not handled here go to the handler it chose.
 */
import { Duration } from '@marcbachmann/cel-js/evaluator'
import { exceed, MAX_BUILT_LENGTH, tick } from './cost.ts'
import { equal, isIn } from './equality.ts'
import { CelFailure } from './failure.ts'
import { nanosOf, toDuration } from './functions/durations.ts'
import { checkBuiltLength } from './functions/text.ts'
import { checkTimestamp } from './functions/timestamps.ts'
import { fitsInt64 } from './int64.ts'
import type { Handle, Node } from './internals.ts'
import { selectElement, selectField, selectOptional } from './select.ts'

function intInRange(value: bigint, node: Node): bigint {
  if (fitsInt64(value)) return value
  throw new CelFailure('integer overflow', node)
}

/** The handle of an operator node after the type check; `chosen` is the package's. */
export function handleOf(op: string, chosen: Handle | undefined): Handle | undefined {
  if (op === '.') return selectField(chosen)
  if (op === '[]') return selectElement(chosen)
  if (op === '.?' || op === '[?]') return selectOptional
  const own = chosen === undefined ? undefined : OPERATORS.get(op)
  return own === undefined || chosen === undefined ? undefined : own(chosen)
}

type Operator = (chosen: Handle) => Handle

const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['==', () => (left, right) => equal(left, right)],
  ['!=', () => (left, right) => !equal(left, right)],
  ['in', chosen => (left, right, node, ev) => isIn(left, right) ?? chosen(left, right, node, ev)],
  ['+', add],
  [
    '-',
    arithmetic(
      (a, b) => a - b,
      (a, b) => a - b,
    ),
  ],
  [
    '*',
    arithmetic(
      (a, b) => a * b,
      (a, b) => a * b,
    ),
  ],
  [
    '/',
    arithmetic(
      (a, b, node) => a / nonZero(b, node),
      (a, b) => a / b,
    ),
  ],
  // CEL has no remainder of doubles: the package refuses it.
  ['%', arithmetic((a, b, node) => a % nonZero(b, node))],
  ['<', ordered((a, b) => a < b)],
  ['<=', ordered((a, b) => a <= b)],
  ['>', ordered((a, b) => a > b)],
  ['>=', ordered((a, b) => a >= b)],
  ['-_', negate],
])

function add(chosen: Handle): Handle {
  const numbers = arithmetic(
    (a, b) => a + b,
    (a, b) => a + b,
  )(chosen)
  return (left, right, node, ev) => {
    if (typeof left === 'string' && typeof right === 'string') return builtText(left, right)
    if (Array.isArray(left) && Array.isArray(right)) return builtList(left, right)
    if (left instanceof Uint8Array && right instanceof Uint8Array) checkBuiltLength(left.length + right.length)
    return numbers(left, right, node, ev)
  }
}

function builtText(left: string, right: string): string {
  checkBuiltLength(left.length + right.length)
  return left + right
}

// One unit per element, not one per eight: a list element is a machine word that stays alive.
function builtList(left: readonly unknown[], right: readonly unknown[]): readonly unknown[] {
  const length = left.length + right.length
  tick(length)
  if (length > MAX_BUILT_LENGTH) exceed('the length of a list')
  return [...left, ...right]
}

function arithmetic(
  ints: (left: bigint, right: bigint, node: Node) => bigint,
  doubles?: (left: number, right: number) => number,
): Operator {
  return chosen => (left, right, node, ev) => {
    if (typeof left === 'bigint' && typeof right === 'bigint') return intInRange(ints(left, right, node), node)
    if (doubles !== undefined && typeof left === 'number' && typeof right === 'number') return doubles(left, right)
    return timeArithmetic(left, right, node) ?? inTimeRange(chosen(left, right, node, ev), node)
  }
}

/** Durations, exactly: the package keeps seconds and nanoseconds apart and mixes their signs. */
function timeArithmetic(left: unknown, right: unknown, node: Node): Duration | undefined {
  if (!(left instanceof Duration) || !(right instanceof Duration)) return undefined
  if (node.op === '+') return toDuration(nanosOf(left) + nanosOf(right))
  return node.op === '-' ? toDuration(nanosOf(left) - nanosOf(right)) : undefined
}

function inTimeRange(result: unknown, node: Node): unknown {
  if (result instanceof Date) return checkTimestamp(result, node)
  return result instanceof Duration ? toDuration(nanosOf(result)) : result
}

function nonZero(divisor: bigint, node: Node): bigint {
  if (divisor === 0n) throw new CelFailure('division by zero', node)
  return divisor
}

type Ordered = bigint | number | string | boolean

function ordered(holds: (left: Ordered, right: Ordered) => boolean): Operator {
  return chosen => (left, right, node, ev) => {
    if (!comparable(left, right)) return chosen(left, right, node, ev)
    if (typeof left === 'string' && left.length > 64) tick(left.length >>> 6)
    return holds(left, right as Ordered)
  }
}

function comparable(left: unknown, right: unknown): left is Ordered {
  const type = typeof left
  if (type === 'bigint' || type === 'number') return typeof right === 'bigint' || typeof right === 'number'
  return (type === 'string' || type === 'boolean') && typeof right === type
}

/** Unary minus; its handle takes the operand, the node and the evaluator. */
function negate(chosen: Handle): Handle {
  return (operand, node, ev, rest) => {
    if (typeof operand === 'bigint') return intInRange(-operand, node as Node)
    return chosen(operand, node, ev, rest)
  }
}
