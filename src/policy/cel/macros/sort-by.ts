/** `list.sortBy(e, key)`: the list in the order of a key computed from each element. */
import { tick } from '../cost.ts'
import { CelFailure, located } from '../failure.ts'
import { sorted } from '../functions/lists.ts'
import type { CelType, Checker, Macro, Node } from '../internals.ts'
import { stepCost } from '../nodes.ts'
import { Binding, type MacroCall } from './binding.ts'

export function sortBy({ args, receiver, ast }: MacroCall): Macro {
  const [name, key] = args as [Node, Node]
  const binding = new Binding([name])
  const cost = stepCost([key])
  return {
    typeCheck(checker, _macro, scope) {
      const type = checker.check(receiver, scope)
      checker.check(key, binding.declare(scope, [elementType(checker, type, receiver)]))
      return type.kind === 'dyn' ? checker.getType('list') : type
    },
    evaluate(evaluator, _macro, scope) {
      const list = evaluator.run(receiver, scope)
      if (!Array.isArray(list)) throw new CelFailure('sortBy() is a method of lists', ast)
      try {
        const keys = list.map(element => {
          tick(cost)
          return evaluator.run(key, binding.enter(scope, [element], evaluator))
        })
        return sorted(list, keys)
      } catch (error) {
        throw located(error, ast)
      } finally {
        binding.release()
      }
    },
  }
}

function elementType(checker: Checker, type: CelType, receiver: Node): CelType {
  if (type.kind === 'dyn') return type
  if (type.kind !== 'list')
    throw checker.createError('invalid_macro_argument', 'sortBy() is a method of lists', receiver)
  return type.valueType === undefined || type.valueType.kind === 'param' ? checker.dynType : type.valueType
}
