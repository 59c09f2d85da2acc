/**
 * `&&` and `||`. An error on one side is absorbed by the other, as CEL demands; a passed limit never is, and errors are
 * charged for, since making one costs far more than the comparison that caused it.
 */
import { ERROR_COST, exceed, tick } from './cost.ts'
import { CelFailure } from './failure.ts'
import type { Evaluator, Node, NodeMeta } from './internals.ts'

export function evaluateLogical(node: Node): NodeMeta['evaluate'] | undefined {
  if (node.op !== '&&' && node.op !== '||') return undefined
  const [left, right] = node.args as [Node, Node]
  return shortCircuit(left, right, node.op === '||')
}

function shortCircuit(leftNode: Node, rightNode: Node, decides: boolean): NodeMeta['evaluate'] {
  return (evaluator, _node, scope) => {
    let failure: unknown
    let left: unknown
    try {
      left = evaluator.run(leftNode, scope)
      if (left === decides) return decides
    } catch (error) {
      chargeError(error)
      failure = error
    }
    const right = evaluator.run(rightNode, scope)
    if (right === decides) return decides
    if (failure !== undefined) throw failure
    return asBool(left, leftNode, evaluator) && asBool(right, rightNode, evaluator)
  }
}

/** The step of a comprehension: its price, and the price of an error if `exists` or `all` absorbs it. */
export function chargedStep(evaluate: NodeMeta['evaluate'], cost: number): NodeMeta['evaluate'] {
  return (evaluator, node, scope) => {
    tick(cost)
    try {
      return evaluate(evaluator, node, scope)
    } catch (error) {
      chargeError(error)
      throw error
    }
  }
}

/** Charges for an error that is about to be absorbed; running out of stack must not be. */
export function chargeError(error: unknown): void {
  if (error instanceof RangeError) exceed('the depth of the stack')
  tick(ERROR_COST)
}

function asBool(value: unknown, node: Node, evaluator: Evaluator): boolean {
  if (typeof value === 'boolean') return value
  throw new CelFailure(`a logical operand must be bool, not ${evaluator.debugType(value).name}`, node)
}
