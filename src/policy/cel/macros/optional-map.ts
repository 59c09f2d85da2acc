/** `optional.optMap(v, expression)` and `optional.optFlatMap(v, optionalExpression)`. */
import { Optional } from '@marcbachmann/cel-js'
import { CelFailure } from '../failure.ts'
import type { CelType, Checker, Macro, Node, Scope } from '../internals.ts'
import { Binding, type MacroCall } from './binding.ts'

export function optMap(call: MacroCall): Macro {
  return optionalMacro(
    call,
    (checker, body) => checker.registry.getOptionalType(body),
    value => Optional.of(value),
  )
}

export function optFlatMap(call: MacroCall): Macro {
  return optionalMacro(
    call,
    (checker, body) => {
      if (body.kind === 'optional' || body.kind === 'dyn') return body
      throw checker.createError('optional_expected', 'optFlatMap() takes an expression that is optional', call.ast)
    },
    value => {
      if (value instanceof Optional) return value
      throw new CelFailure('optFlatMap() takes an expression that is optional', call.ast)
    },
  )
}

function optionalMacro(
  { args, receiver, ast }: MacroCall,
  resultType: (checker: Checker, body: CelType) => CelType,
  result: (value: unknown) => unknown,
): Macro {
  const [name, body] = args as [Node, Node]
  const binding = new Binding([name])
  return {
    typeCheck(checker, _macro, scope) {
      const type = elementOf(checker, receiver, scope)
      return resultType(checker, checker.check(body, binding.declare(scope, [type])))
    },
    evaluate(evaluator, _macro, scope) {
      const optional = evaluator.run(receiver, scope)
      if (!(optional instanceof Optional)) throw new CelFailure('this method is for optional values', ast)
      if (!optional.hasValue()) return optional
      try {
        return result(evaluator.run(body, binding.enter(scope, [optional.value()], evaluator)))
      } finally {
        binding.release()
      }
    },
  }
}

function elementOf(checker: Checker, receiver: Node, scope: Scope): CelType {
  const type = checker.check(receiver, scope)
  if (type.kind === 'dyn') return type
  if (type.kind !== 'optional' || type.valueType === undefined) {
    throw checker.createError('optional_expected', 'this method is for optional values', receiver)
  }
  return type.valueType.kind === 'param' ? checker.dynType : type.valueType
}
