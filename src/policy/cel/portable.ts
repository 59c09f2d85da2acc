/**
 * Which conditions of a policy can be handed to the API server as a condition of the webhook. There an error is no answer: the
 * webhook is then not called (`Ignore`) or the pod is refused (`Fail`), while here a rule that cannot be judged counts as broken. So only
 * what cannot fail on a pod that the API server has accepted goes there: no field that may be absent without `?`, no index, no
 * arithmetic, no call that has an opinion on its operands.
 */
import { admissionEnvironment } from './environment.ts'
import type { Node } from './internals.ts'
import { callOf, identifierOf, literalOf, selectOf, walk } from './nodes.ts'

/** What every review of a pod has. */
const ALWAYS_THERE: ReadonlySet<string> = new Set([
  'object.metadata',
  'object.spec',
  'object.spec.containers',
  'request.namespace',
  'request.operation',
  'request.userInfo',
])

/** The lists of a pod, and the fields that each of their items has. */
const ITEM_FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['containers', ['name']],
  ['initContainers', ['name']],
  ['env', ['name']],
  ['volumes', ['name']],
  ['volumeMounts', ['name', 'mountPath']],
])

const OPERATORS: ReadonlySet<string> = new Set(
  '&& || !_ == != in ?: + list map value id . .? [?] call rcall'.split(' '),
)

const LOOPS: ReadonlySet<string> = new Set(['exists', 'exists_one', 'existsOne', 'all', 'filter', 'map'])
const CALLS: ReadonlySet<string> = new Set([
  ...LOOPS,
  ...['has', 'size', 'orValue', 'hasValue', 'or', 'startsWith', 'endsWith', 'contains', 'matches'],
])

const COMPARISONS: ReadonlySet<string> = new Set(['<', '<=', '>', '>='])

/** Whether the expression means the same as a matchCondition of a webhook, and gives an answer for every pod. It must compile here. */
export function isPortable(expression: string): boolean {
  const nodes = [...walk(admissionEnvironment().parse(expression).ast as unknown as Node)]
  const known: Known = {
    items: itemsOf(nodes.map(({ node }) => node)),
    names: new Set(nodes.filter(({ isBoundName }) => isBoundName).map(({ node }) => identifierOf(node))),
    tested: new Set(nodes.flatMap(({ node }) => testedBy(node) ?? [])),
  }
  return nodes.every(({ node }) => cannotFail(node, known))
}

const NO_DEMAND = /\bsluice\.gpus\b/g

/** The expression as it is for a pod without demand, for which `sluice.gpus` is 0. */
export function withoutDemand(expression: string): string {
  const read = [...walk(admissionEnvironment().parse(expression).ast as unknown as Node)].filter(
    ({ node }) => pathOf(node) === 'sluice.gpus',
  )
  // The text may stand in a literal as well; then it is left as it is.
  return read.length === expression.match(NO_DEMAND)?.length ? expression.replaceAll(NO_DEMAND, '0') : expression
}

interface Known {
  /** The fields that what a name is bound to has for certain. */
  readonly items: ReadonlyMap<string, ReadonlySet<string>>
  readonly names: ReadonlySet<string | undefined>
  readonly tested: ReadonlySet<Node>
}

function cannotFail(node: Node, { items, names, tested }: Known): boolean {
  if (COMPARISONS.has(node.op)) return (node.args as readonly Node[]).every(isCount)
  if (!OPERATORS.has(node.op)) return false
  const call = callOf(node)
  // Of a pattern that is computed nobody knows whether it is one.
  if (call !== undefined) return CALLS.has(call.name) && (call.name !== 'matches' || isTextLiteral(call.args.at(-1)))
  if (node.op === 'id') return ['object', 'request'].includes(identifierOf(node) ?? '') || names.has(identifierOf(node))
  const select = node.op === '.' ? selectOf(node) : undefined
  if (select === undefined || tested.has(node)) return true
  return (
    ALWAYS_THERE.has(pathOf(node) ?? '') || items.get(identifierOf(select.container) ?? '')?.has(select.field) === true
  )
}

/** `has(a.b)` asks whether b is there, so that it need not be. */
function testedBy(node: Node): Node | undefined {
  const call = callOf(node)
  return call?.name === 'has' && call.receiver === undefined ? call.args[0] : undefined
}

function itemsOf(nodes: readonly Node[]): Known['items'] {
  const items = new Map<string, ReadonlySet<string>>()
  for (const call of nodes.map(callOf)) {
    const name = call?.args[0] === undefined ? undefined : identifierOf(call.args[0])
    if (call?.receiver === undefined || name === undefined || !LOOPS.has(call.name)) continue
    const fields = fieldsOfItems(call.receiver)
    items.set(name, items.get(name)?.intersection(fields) ?? fields)
  }
  return items
}

/** What the items of `object.spec.containers + object.spec.?initContainers.orValue([])` have, whichever list they come from. */
function fieldsOfItems(range: Node): ReadonlySet<string> {
  const lists = [...walk(range)].flatMap(({ node }) => selectOf(node)?.field ?? []).filter(field => field !== 'spec')
  const [first = new Set<string>(), ...others] = lists.map(list => new Set(ITEM_FIELDS.get(list)))
  return others.reduce((common, fields) => common.intersection(fields), first)
}

/** `object.spec.containers`, where it is written so. */
function pathOf(node: Node): string | undefined {
  const select = node.op === '.' ? selectOf(node) : undefined
  if (select === undefined) return identifierOf(node)
  const container = pathOf(select.container)
  return container === undefined ? undefined : `${container}.${select.field}`
}

// Of what has no type until it is there nobody knows whether it can be compared.
function isCount(node: Node): boolean {
  return typeof literalOf(node) === 'bigint' || callOf(node)?.name === 'size'
}

function isTextLiteral(node: Node | undefined): boolean {
  return node !== undefined && typeof literalOf(node) === 'string'
}
