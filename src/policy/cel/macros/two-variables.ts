/**
 * Comprehensions over position and value of a list, or key and value of a map: `all(k, v, ...)`, `exists`, `existsOne`,
 * `transformList`, `transformMap`, `transformMapEntry`. `existsOne` with one name is here as well, since it is Kubernetes'
 * other spelling of `exists_one`.
 */
import { tick } from '../cost.ts'
import { keyOf } from '../equality.ts'
import { CelFailure } from '../failure.ts'
import type { CelType, Checker, Macro, Node, Scope } from '../internals.ts'
import { chargeError } from '../logic.ts'
import { stepCost } from '../nodes.ts'
import { Binding, type MacroCall } from './binding.ts'

type Pair = readonly [key: unknown, value: unknown]

interface Loop {
  readonly pairs: readonly Pair[]
  /** One pass of a body, with its names bound and its price paid. */
  run(body: Node, pair: Pair): unknown
}

interface Shape {
  readonly names: readonly Node[]
  readonly bodies: readonly Node[]
  /** The type of the result, from the types of the names and of the bodies. Throws what does not fit. */
  type(checker: Checker, bodies: readonly CelType[], names: readonly CelType[]): CelType
  result(loop: Loop): unknown
}

export function all2({ args, receiver, ast }: MacroCall): Macro {
  const [key, value, predicate] = args as [Node, Node, Node]
  return comprehension(receiver, {
    names: [key, value],
    bodies: [predicate],
    type: boolOf(ast),
    result: loop => quantified(loop, predicate, false),
  })
}

export function exists2({ args, receiver, ast }: MacroCall): Macro {
  const [key, value, predicate] = args as [Node, Node, Node]
  return comprehension(receiver, {
    names: [key, value],
    bodies: [predicate],
    type: boolOf(ast),
    result: loop => quantified(loop, predicate, true),
  })
}

export function existsOne({ args, receiver, ast }: MacroCall): Macro {
  const predicate = args.at(-1) as Node
  return comprehension(receiver, {
    names: args.slice(0, -1),
    bodies: [predicate],
    type: boolOf(ast),
    result: loop => loop.pairs.filter(pair => holds(loop, predicate, pair)).length === 1,
  })
}

export function transformList({ args, receiver, ast }: MacroCall): Macro {
  const { names, filter, transform, bodies } = parts(args)
  return comprehension(receiver, {
    names,
    bodies,
    type: (checker, types) => checker.registry.getListType(transformType(checker, types, ast)),
    result: loop => kept(loop, filter).map(pair => loop.run(transform, pair)),
  })
}

export function transformMap({ args, receiver, ast }: MacroCall): Macro {
  const { names, filter, transform, bodies } = parts(args)
  return comprehension(receiver, {
    names,
    bodies,
    type: (checker, types, [key]) =>
      checker.registry.getMapType(key ?? checker.dynType, transformType(checker, types, ast)),
    result: loop => new Map(kept(loop, filter).map(pair => [keyOf(pair[0]), loop.run(transform, pair)])),
  })
}

export function transformMapEntry({ args, receiver, ast }: MacroCall): Macro {
  const { names, filter, transform, bodies } = parts(args)
  return comprehension(receiver, {
    names,
    bodies,
    type(checker, types) {
      const type = transformType(checker, types, ast)
      if (type.kind === 'map' || type.kind === 'dyn') return type
      throw checker.createError('invalid_macro_argument', 'transformMapEntry() takes an expression that is a map', ast)
    },
    result: loop => merged(kept(loop, filter).map(pair => loop.run(transform, pair))),
  })
}

function parts(args: readonly Node[]) {
  const [key, value, ...bodies] = args as [Node, Node, ...Node[]]
  const transform = bodies.at(-1) as Node
  return { names: [key, value], filter: bodies.length > 1 ? bodies[0] : undefined, transform, bodies }
}

function comprehension(receiver: Node, shape: Shape): Macro {
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
function quantified(loop: Loop, predicate: Node, decides: boolean): boolean {
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

function holds(loop: Loop, predicate: Node, pair: Pair): boolean {
  const result = loop.run(predicate, pair)
  if (typeof result === 'boolean') return result
  throw new CelFailure('the predicate of a comprehension must be bool', predicate)
}

function kept(loop: Loop, filter: Node | undefined): readonly Pair[] {
  return filter === undefined ? loop.pairs : loop.pairs.filter(pair => holds(loop, filter, pair))
}

function merged(maps: readonly unknown[]): ReadonlyMap<unknown, unknown> {
  const result = new Map<unknown, unknown>()
  for (const map of maps) {
    if (!(map instanceof Map)) throw new CelFailure('transformMapEntry() takes an expression that is a map')
    tick(map.size)
    for (const [key, value] of map) {
      if (result.has(key)) throw new CelFailure('transformMapEntry() made one key twice')
      result.set(key, value)
    }
  }
  return result
}

function boolOf(ast: Node): Shape['type'] {
  return (checker, [predicate]) => {
    assertBool(checker, predicate, ast)
    return checker.boolType
  }
}

function transformType(checker: Checker, types: readonly CelType[], ast: Node): CelType {
  if (types.length > 1) assertBool(checker, types[0], ast)
  return types.at(-1) ?? checker.dynType
}

function assertBool(checker: Checker, type: CelType | undefined, ast: Node): void {
  if (type?.kind === 'dyn' || type?.name === 'bool') return
  throw checker.createError('invalid_macro_argument', 'the predicate of a comprehension must be bool', ast)
}
