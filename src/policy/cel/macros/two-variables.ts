/**
 * Comprehensions over position and value of a list, or key and value of a map: `all(k, v, ...)`, `exists`, `existsOne`,
 * `transformList`, `transformMap`, `transformMapEntry`. `existsOne` with one name is here as well, since it is Kubernetes'
 * other spelling of `exists_one`.
 */
import { tick } from '../cost.ts'
import { keyOf } from '../equality.ts'
import { CelFailure } from '../failure.ts'
import type { CelType, Checker, Macro, Node } from '../internals.ts'
import type { MacroCall } from './binding.ts'
import { comprehension, holds, kept, quantified, type Shape } from './comprehension.ts'

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
    result: loop =>
      merged(
        kept(loop, filter).map(pair => loop.run(transform, pair)),
        ast,
      ),
  })
}

function parts(args: readonly Node[]) {
  const [key, value, ...bodies] = args as [Node, Node, ...Node[]]
  const transform = bodies.at(-1) as Node
  return { names: [key, value], filter: bodies.length > 1 ? bodies[0] : undefined, transform, bodies }
}

function merged(maps: readonly unknown[], ast: Node): ReadonlyMap<unknown, unknown> {
  const result = new Map<unknown, unknown>()
  for (const map of maps) {
    if (!(map instanceof Map)) throw new CelFailure('transformMapEntry() takes an expression that is a map', ast)
    tick(map.size)
    for (const [key, value] of map) {
      if (result.has(key)) throw new CelFailure('transformMapEntry() made one key twice', ast)
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
