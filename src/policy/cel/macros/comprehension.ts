/** What the comprehensions of Sluice's own have in common: types, passes, and what a pass costs. */
import { tick } from '../cost.ts'
import { CelFailure } from '../failure.ts'
import type { CelType, Checker, Macro, Node, Scope } from '../internals.ts'
import { chargeError } from '../logic.ts'
import { stepCost } from '../nodes.ts'
import { Binding } from './binding.ts'

export type Pair = readonly [key: unknown, value: unknown]

export interface Loop {
  readonly pairs: readonly Pair[]
  /** One pass of a body, with its names bound and its price paid. */
  run(body: Node, pair: Pair): unknown
}

export interface Shape {
  readonly names: readonly Node[]
  readonly bodies: readonly Node[]
  /** The type of the result, from the types of the names and of the bodies. Throws what does not fit. */
  type(checker: Checker, bodies: readonly CelType[], names: readonly CelType[]): CelType
  result(loop: Loop): unknown
}

export function comprehension(receiver: Node, shape: Shape): Macro {
  const binding = new Binding(shape.names)
  const single = shape.names.length === 1
  const cost = stepCost(shape.bodies)
  return {
    typeCheck(checker, _macro, scope) {
      const pair = pairTypes(checker, receiver, scope)
      const names = single ? [pair.single] : [pair.key, pair.value]
      const inner = binding.declare(scope, names)
      return shape.type(
        checker,
        shape.bodies.map(body => checker.check(body, inner)),
        names,
      )
    },
    evaluate(evaluator, _macro, scope) {
      const pairs = pairsOf(evaluator.run(receiver, scope), receiver, single)
      const run = (body: Node, pair: Pair) => {
        tick(cost)
        return evaluator.run(body, binding.enter(scope, single ? [pair[1]] : pair, evaluator))
      }
      try {
        return shape.result({ pairs, run })
      } finally {
        binding.release()
      }
    },
  }
}

function pairTypes(checker: Checker, receiver: Node, scope: Scope) {
  const type = checker.check(receiver, scope)
  const known = (inner: CelType | undefined) =>
    inner === undefined || inner.kind === 'param' ? checker.dynType : inner
  if (type.kind === 'list') {
    return { key: checker.getType('int'), value: known(type.valueType), single: known(type.valueType) }
  }
  if (type.kind === 'map')
    return { key: known(type.keyType), value: known(type.valueType), single: known(type.keyType) }
  if (type.kind === 'dyn') return { key: type, value: type, single: type }
  throw checker.createError('invalid_comprehension_range', 'a comprehension needs a list or a map', receiver)
}

function pairsOf(range: unknown, receiver: Node, single: boolean): readonly Pair[] {
  if (Array.isArray(range)) {
    tick(range.length)
    return range.map((value, index): Pair => [BigInt(index), value])
  }
  if (!(range instanceof Map)) throw new CelFailure('a comprehension needs a list or a map', receiver)
  tick(range.size)
  return single ? [...range.keys()].map((key): Pair => [key, key]) : [...range.entries()]
}

/** `all` and `exists`: an error counts only if no other pass decides. */
export function quantified(loop: Loop, predicate: Node, decides: boolean): boolean {
  let failure: unknown
  for (const pair of loop.pairs) {
    try {
      if (holds(loop, predicate, pair) === decides) return decides
    } catch (error) {
      chargeError(error)
      failure ??= error
    }
  }
  if (failure !== undefined) throw failure
  return !decides
}

export function holds(loop: Loop, predicate: Node, pair: Pair): boolean {
  const result = loop.run(predicate, pair)
  if (typeof result === 'boolean') return result
  throw new CelFailure('the predicate of a comprehension must be bool', predicate)
}

export function kept(loop: Loop, filter: Node | undefined): readonly Pair[] {
  return filter === undefined ? loop.pairs : loop.pairs.filter(pair => holds(loop, filter, pair))
}
