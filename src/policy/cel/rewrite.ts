/** What is changed in the syntax tree between parsing and the type check. */
import type { CelEnvironment } from './environment.ts'
import type { CelType, Checker, Node, NodeMeta } from './internals.ts'
import type { Flaw } from './limits.ts'
import { hasMacro } from './macros/has.ts'
import { callKey, callOf, comprehensionOf, identifierOf, renameCall, selectOf, walk } from './nodes.ts'

/** The variables of a policy that an expression may use, with the types they turned out to have. */
export type VariableTypes = ReadonlyMap<string, CelType>

export type Rewritten = { readonly ok: true; readonly uses: ReadonlySet<string> } | ({ readonly ok: false } & Flaw)

/** Rewrites in place. `uses` are the names of the policy's variables that occur. */
export function rewrite(root: Node, environment: CelEnvironment, variables: VariableTypes): Rewritten {
  const uses = new Set<string>()
  const selected = new Set<Node>()
  for (const { node, isBoundName } of walk(root)) {
    const variable = variableOf(node)
    if (variable !== undefined) {
      uses.add(variable.name)
      selected.add(variable.container)
      readVariable(node, variable.name, variables)
    } else if (identifierOf(node) === 'variables' && !selected.has(node)) {
      return { ok: false, offset: node.pos, ...misuseOf(isBoundName) }
    }
    rewriteCall(node, environment)
    if (OPEN_RESULTS.has(node.op)) withClosedType(node)
    if (node.op === 'map') withCheckedKeys(node)
    withRangeElements(node)
  }
  return { ok: true, uses }
}

function variableOf(node: Node): { readonly name: string; readonly container: Node } | undefined {
  const select = node.op === '.' ? selectOf(node) : undefined
  if (select === undefined || identifierOf(select.container) !== 'variables') return undefined
  return { name: select.field, container: select.container }
}

function misuseOf(isBoundName: boolean): { readonly problem: string; readonly remedy: string } {
  return isBoundName
    ? { problem: 'a macro must not bind the name variables', remedy: 'choose another name' }
    : { problem: 'variables can only be read one at a time', remedy: 'write variables.<name>' }
}

/** `variables.x` has the type of x, and its value is computed when it is first read. */
function readVariable(node: Node, name: string, variables: VariableTypes): void {
  node.setMeta('check', checker => {
    const type = variables.get(name)
    if (type !== undefined) return closed(checker, type)
    throw checker.createError('unknown_variable', `variables.${name} is not declared before this expression`, node)
  })
  node.setMeta('evaluate', (_evaluator, _node, scope) => (scope.getValue('variables') as VariableReader).read(name))
}

/** The value of `variables` in an activation. */
export interface VariableReader {
  read(name: string): unknown
}

function rewriteCall(node: Node, environment: CelEnvironment): void {
  const call = callOf(node)
  if (call === undefined) return
  const [operand] = call.args
  if (call.name === 'has' && call.receiver === undefined && call.args.length === 1 && operand !== undefined) {
    node.setMeta('macro', hasMacro(operand, variableOf(operand) !== undefined))
    return
  }
  const name = environment.renamed.get(callKey(call))
  if (name !== undefined) {
    renameCall(node, name)
    node.setMeta('macro', undefined)
  }
  if (call.name === 'format' && operand?.op === 'list') withMixedElements(operand)
}

/** `'%s %d'.format([name, 3])`: the one list literal whose elements may differ in type. */
function withMixedElements(list: Node): void {
  list.setMeta('check', (checker, node, scope) => {
    for (const element of node.args as readonly Node[]) checker.check(element, scope)
    return checker.registry.getListType(checker.dynType)
  })
}

const OPEN_RESULTS: ReadonlySet<string> = new Set(['.', '.?', '[]', '[?]', 'call', 'rcall'])

/** The element of an empty list has a type that is still open, which no operator takes; it can only be dyn. */
function withClosedType(node: Node): void {
  wrapCheck(node, (checker, type) => (type.kind === 'list' || type.kind === 'map' ? type : closed(checker, type)))
}

/** The type with dyn for what is open. An empty list stays open where it may still become a list of anything. */
function closed(checker: Checker, type: CelType): CelType {
  const { registry, dynType } = checker
  if (type.kind === 'param') return dynType
  if (type.kind === 'optional' && type.valueType?.kind === 'param') return registry.getOptionalType(dynType)
  if (type.kind === 'list' && type.valueType?.kind === 'param') return registry.getListType(dynType)
  if (type.kind === 'map' && type.keyType?.kind === 'param') return registry.getMapType(dynType, dynType)
  return type
}

const KEY_TYPES: ReadonlySet<string> = new Set(['string', 'int', 'uint', 'bool'])

function withCheckedKeys(node: Node): void {
  wrapCheck(node, (checker, type) => {
    const key = type.keyType
    if (key === undefined || key.kind === 'dyn' || key.kind === 'param' || KEY_TYPES.has(key.name)) return type
    throw checker.createError('unsupported_key', `a map cannot have keys of type ${checker.formatType(key)}`, node)
  })
}

function wrapCheck(node: Node, then: (checker: Checker, type: CelType) => CelType): void {
  const check: NodeMeta['check'] = node.meta.check
  node.setMeta('check', (checker, self, scope) => then(checker, check(checker, self, scope)))
}

/** `[].all(e, e > 0)`: the package gives e an open type, which no operator takes. */
function withRangeElements(node: Node): void {
  const comprehension = comprehensionOf(node)
  if (comprehension !== undefined) wrapCheck(comprehension.iterable, closed)
}
