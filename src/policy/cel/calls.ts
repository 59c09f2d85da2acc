/**
 * How a function call is evaluated: arguments, a price for the text among them, then the overload, chosen once where the
 * types are known and by the values where they are not.
 */
import { tickLength } from './cost.ts'
import { CelFailure, located } from './failure.ts'
import type { Evaluator, FunctionDeclaration, Node, NodeMeta } from './internals.ts'
import { type Call, literalOf } from './nodes.ts'

/** Does at load what a literal argument allows, or throws what is wrong with it. Literals are undefined where unknown. */
export type Prepare = (literals: readonly unknown[]) => ((...args: readonly unknown[]) => unknown) | undefined

type Invoke = (args: readonly unknown[], evaluator: Evaluator) => unknown
type Handler = FunctionDeclaration['handler']

/** Throws a CelFailure when `prepare` refuses a literal. */
export function evaluateCall(node: Node, call: Call, prepare: Prepare | undefined): NodeMeta['evaluate'] {
  const operands = call.receiver === undefined ? call.args : [call.receiver, ...call.args]
  const prepared = prepare?.(operands.map(literalOf))
  const invoke = knownOverload(node, call, operands, prepared) ?? overloadByValue(node, call, prepared)
  return (evaluator, _node, scope) => {
    // A loop rather than map(): nested calls recurse through here, and map() would add a frame to each.
    const args: unknown[] = []
    for (const operand of operands) {
      const arg = evaluator.run(operand, scope)
      tickLength(arg)
      args.push(arg)
    }
    try {
      return invoke(args, evaluator)
    } catch (error) {
      throw located(error, node)
    }
  }
}

function knownOverload(
  node: Node,
  call: Call,
  operands: readonly Node[],
  prepared: Handler | undefined,
): Invoke | undefined {
  const types = operands.flatMap(operand => operand.checkedType ?? [])
  if (types.length < operands.length || types.some(type => type.hasDynType || type.hasPlaceholderType)) return undefined
  const [receiver, args] = call.receiver === undefined ? [null, types] : [types[0] ?? null, types.slice(1)]
  const chosen = node.candidates?.findFunction(args, receiver)
  if (!chosen) return undefined
  const handler = prepared ?? chosen.handler
  return values => handler(...values)
}

function overloadByValue(node: Node, call: Call, prepared: Handler | undefined): Invoke {
  const declarations = (node.candidates?.declarations ?? []).filter(declaration => !declaration.macro)
  return (values, evaluator) => {
    const chosen = declarations.find(declaration => accepts(declaration, values, evaluator))
    if (chosen === undefined) throw new CelFailure(`no such overload: ${describe(call, values, evaluator)}`)
    return (prepared ?? chosen.handler)(...values)
  }
}

function accepts(declaration: FunctionDeclaration, values: readonly unknown[], evaluator: Evaluator): boolean {
  const { receiverType, argTypes } = declaration
  const first = receiverType === null ? 0 : 1
  if (receiverType !== null && !receiverType.matchesValueType(values[0], evaluator)) return false
  for (const [index, type] of argTypes.entries()) {
    if (!type.matchesValueType(values[index + first], evaluator)) return false
  }
  return true
}

function describe(call: Call, values: readonly unknown[], evaluator: Evaluator): string {
  const types = values.map(value => evaluator.debugType(value).name)
  if (call.receiver === undefined) return `${call.name}(${types.join(', ')})`
  return `${types[0]}.${call.name}(${types.slice(1).join(', ')})`
}
