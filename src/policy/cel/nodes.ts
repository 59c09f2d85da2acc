/** Reading the syntax tree: what stands where, and a walk over everything its author wrote. */
import type { Comprehension, Node } from './internals.ts'

export interface Call {
  readonly name: string
  readonly receiver: Node | undefined
  readonly args: readonly Node[]
}

export function callOf(node: Node): Call | undefined {
  if (node.op === 'call') {
    const [name, args] = node.args as [string, readonly Node[]]
    return { name, receiver: undefined, args }
  }
  if (node.op === 'rcall') {
    const [name, receiver, args] = node.args as [string, Node, readonly Node[]]
    return { name, receiver, args }
  }
  return undefined
}

/** Tells a call apart the way the package's function table does: by kind, name and number of arguments. */
export function callKey(call: {
  readonly name: string
  readonly receiver?: unknown
  readonly args: readonly unknown[]
}) {
  return functionKey(call.receiver !== undefined, call.name, call.args.length)
}

export function functionKey(isMethod: boolean, name: string, argumentCount: number): string {
  return `${isMethod ? 'method' : 'function'}:${name}:${argumentCount}`
}

export function renameCall(node: Node, name: string): void {
  ;(node.args as [string, ...unknown[]])[0] = name
}

/** The container and the field name of `a.b` and `a.?b`. */
export function selectOf(node: Node): { readonly container: Node; readonly field: string } | undefined {
  if (node.op !== '.' && node.op !== '.?') return undefined
  const [container, field] = node.args as [Node, string]
  return { container, field }
}

export function identifierOf(node: Node): string | undefined {
  return node.op === 'id' ? (node.args as string) : undefined
}

/** The value of a literal; undefined for everything else (CEL has no undefined). */
export function literalOf(node: Node): unknown {
  return node.op === 'value' ? node.args : undefined
}

export function entriesOf(node: Node): readonly (readonly [Node, Node])[] {
  return node.args as readonly (readonly [Node, Node])[]
}

export function elementsOf(list: Node): readonly Node[] {
  return list.args as readonly Node[]
}

/** What the parser expanded a comprehension macro to. */
export function comprehensionOf(node: Node): Comprehension | undefined {
  const expanded = node.meta.alternate
  return expanded?.op === 'comprehension' ? (expanded.args as Comprehension) : undefined
}

/** Macros by call key: how many names they bind, and whether they run their body more than once. */
const BINDERS: ReadonlyMap<string, { readonly names: number; readonly loops: boolean }> = new Map([
  ...(['all', 'exists', 'exists_one', 'existsOne', 'map', 'filter', 'sortBy'] as const).map(
    name => [functionKey(true, name, 2), { names: 1, loops: true }] as const,
  ),
  [functionKey(true, 'map', 3), { names: 1, loops: true }],
  ...(['all', 'exists', 'existsOne', 'transformList', 'transformMap', 'transformMapEntry'] as const).map(
    name => [functionKey(true, name, 3), { names: 2, loops: true }] as const,
  ),
  ...(['transformList', 'transformMap', 'transformMapEntry'] as const).map(
    name => [functionKey(true, name, 4), { names: 2, loops: true }] as const,
  ),
  [functionKey(true, 'optMap', 2), { names: 1, loops: false }],
  [functionKey(true, 'optFlatMap', 2), { names: 1, loops: false }],
])

export interface Visit {
  readonly node: Node
  readonly depth: number
  /** How many comprehension bodies the node stands in. */
  readonly nesting: number
  /** The node is the name a macro binds, not a use of a variable. */
  readonly isBoundName: boolean
}

/** Every node as written, parents first. Iterative: a hostile expression can be thousands of nodes deep. */
export function* walk(root: Node): Generator<Visit> {
  const open: Visit[] = [{ node: root, depth: 1, nesting: 0, isBoundName: false }]
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    yield visit
    open.push(...childrenOf(visit))
  }
}

/** The price of one step of a comprehension: one, and one more for every eight nodes of its bodies. */
export function stepCost(bodies: readonly Node[]): number {
  const size = bodies.reduce((sum, body) => sum + [...walk(body)].length, 0)
  return 1 + (size >>> 3)
}

function childrenOf({ node, depth, nesting }: Visit): readonly Visit[] {
  const below = (child: Node): Visit => ({ node: child, depth: depth + 1, nesting, isBoundName: false })
  const call = callOf(node)
  if (call === undefined) return operandsOf(node).map(below)
  const binder = BINDERS.get(callKey(call))
  const args = call.args.map((child, index): Visit => {
    if (binder === undefined) return below(child)
    return { ...below(child), isBoundName: index < binder.names, nesting: nesting + (binder.loops ? 1 : 0) }
  })
  return call.receiver === undefined ? args : [below(call.receiver), ...args]
}

function operandsOf(node: Node): readonly Node[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '.':
    case '.?':
      return [(node.args as [Node, string])[0]]
    case '!_':
    case '-_':
      return [node.args as Node]
    case 'map':
      return entriesOf(node).flat()
    default:
      return node.args as readonly Node[]
  }
}
