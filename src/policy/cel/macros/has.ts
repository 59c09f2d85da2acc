/**
 * `has(a.b)`, on any selection: the package takes only a chain of names, so `has(list[0].x)` would not compile. A missing
 * parent is an error, as in Kubernetes; a field that is null is there.
 */
import type { Macro, Node } from '../internals.ts'
import { selectOf } from '../nodes.ts'
import { hasField } from '../select.ts'

/** `alwaysPresent`: the operand is `variables.x`, which exists if it compiles. */
export function hasMacro(operand: Node, alwaysPresent: boolean): Macro {
  const select = operand.op === '.' ? selectOf(operand) : undefined
  return {
    typeCheck(checker, _macro, scope) {
      if (select === undefined) {
        throw checker.createError(
          'invalid_macro_argument',
          'has() takes a selection such as object.spec.nodeName',
          operand,
        )
      }
      checker.check(operand, scope)
      return checker.boolType
    },
    evaluate(evaluator, _macro, scope) {
      if (select === undefined || alwaysPresent) return alwaysPresent
      return hasField(evaluator.run(select.container, scope), select.field, operand, evaluator)
    },
  }
}
