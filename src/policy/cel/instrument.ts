/** What is changed in the syntax tree after the type check, which decided the types and chose the handlers. */
import { evaluateCall } from './calls.ts'
import { LIST_COST, MAP_COST, tick } from './cost.ts'
import type { CelEnvironment } from './environment.ts'
import { keyOf } from './equality.ts'
import { CelFailure } from './failure.ts'
import type { Comprehension, ComprehensionHandle, Evaluator, Node, Scope } from './internals.ts'
import type { Flaw } from './limits.ts'
import { chargedStep, evaluateLogical } from './logic.ts'
import { release } from './macros/binding.ts'
import { callKey, callOf, comprehensionOf, elementsOf, entriesOf, stepCost, walk } from './nodes.ts'
import { handleOf } from './operators.ts'

/** Instruments in place; returns what is wrong with a literal argument. */
export function instrument(root: Node, environment: CelEnvironment): Flaw | undefined {
  for (const { node, isBoundName } of walk(root)) {
    // What was not checked is not evaluated either: bound names, and the container of variables.x.
    if (isBoundName || node.checkedType === undefined) continue
    const flaw = instrumentNode(node, environment)
    if (flaw !== undefined) return flaw
  }
  return undefined
}

function instrumentNode(node: Node, environment: CelEnvironment): Flaw | undefined {
  const comprehension = comprehensionOf(node)
  if (comprehension !== undefined) {
    instrumentComprehension(node.meta.alternate as Node, comprehension, stepCost(callOf(node)?.args ?? []))
  }
  const handle = handleOf(node.op, node.handle)
  if (handle !== undefined) node.handle = handle
  const logical = evaluateLogical(node)
  if (logical !== undefined) node.setMeta('evaluate', logical)
  if (node.op === 'map') node.setMeta('evaluate', evaluateMap)
  if (node.op === 'list') instrumentList(node)
  return instrumentCall(node, environment)
}

function instrumentCall(node: Node, environment: CelEnvironment): Flaw | undefined {
  const call = callOf(node)
  if (call === undefined || node.meta.alternate !== undefined || node.meta.macro !== undefined) return undefined
  // Renamed calls are prepared under the name their author wrote.
  const written = { ...call, name: call.name.replace('#', '') }
  try {
    node.setMeta('evaluate', evaluateCall(node, written, environment.prepared.get(callKey(written))))
    return undefined
  } catch (error) {
    if (error instanceof CelFailure) return { offset: node.pos, problem: error.summary }
    throw error
  }
}

function instrumentComprehension(node: Node, comprehension: Comprehension, cost: number): void {
  const { step } = comprehension
  step.setMeta('evaluate', chargedStep(step.meta.evaluate, cost))
  const evaluate = node.meta.evaluate
  const chosen = node.handle as ComprehensionHandle | undefined
  // The keys of a map are copied before the first step, and the first step may be the last.
  const charged: ComprehensionHandle = (range, ...rest) => {
    if (range instanceof Map) tick(range.size >>> 2)
    return chosen?.(range, ...rest)
  }
  node.handle = charged
  node.setMeta('evaluate', (evaluator, self, scope) => {
    try {
      return evaluate(evaluator, self, scope)
    } finally {
      release(comprehension.iterCtx)
    }
  })
}

function instrumentList(node: Node): void {
  const evaluate = node.meta.evaluate
  const cost = LIST_COST + elementsOf(node).length
  node.setMeta('evaluate', (evaluator, self, scope) => {
    tick(cost)
    return evaluate(evaluator, self, scope)
  })
}

/** A map literal: keys stay data whatever they are called, and none may stand twice. */
function evaluateMap(evaluator: Evaluator, node: Node, scope: Scope): ReadonlyMap<unknown, unknown> {
  tick(MAP_COST + entriesOf(node).length)
  const map = new Map<unknown, unknown>()
  for (const [keyNode, valueNode] of entriesOf(node)) {
    const key = keyOf(evaluator.run(keyNode, scope))
    if (key === undefined) throw new CelFailure('a key must be a string, an int or a bool', keyNode)
    if (map.has(key)) throw new CelFailure('a key stands twice in this map', keyNode)
    map.set(key, evaluator.run(valueNode, scope))
  }
  return map
}
