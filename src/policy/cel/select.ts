/** Reading a field or an element: `a.b`, `a['b']`, `a[0]`, `a.?b`, `a[?0]`, and whether `has(a.b)`. */
import { Optional } from '@marcbachmann/cel-js'
import { keyOf, numberOf } from './equality.ts'
import { CelFailure } from './failure.ts'
import type { Evaluator, Handle, Node } from './internals.ts'
import { literalOf, selectOf } from './nodes.ts'

/** `a.b`, where the field name is known and the container is nearly always a map. */
export function selectField(fallback: Handle | undefined): Handle {
  return (container, field, node, evaluator) => {
    if (container instanceof Map) {
      const value: unknown = container.get(field)
      if (value !== undefined) return value
      throw new CelFailure(`no such key: ${field}`, node)
    }
    return select(container, field, node, evaluator, fallback)
  }
}

/** `a[b]`. */
export function selectElement(fallback: Handle | undefined): Handle {
  return (container, key, node, evaluator) => select(container, key, node, evaluator, fallback)
}

/** `a.?b` and `a[?b]`: none where the plain form fails because there is nothing. */
export function selectOptional(container: unknown, key: unknown, node: Node, evaluator: Evaluator): unknown {
  const inner = container instanceof Optional ? presentValue(container) : container
  if (inner === undefined) return Optional.none()
  const found = lookup(inner, key)
  if (found.kind === 'not a container') throw cannotSelect(inner, node, evaluator)
  return found.kind === 'found' ? Optional.of(found.value) : Optional.none()
}

/** `has(a.b)`, given a. */
export function hasField(container: unknown, field: string, node: Node, evaluator: Evaluator): boolean {
  const inner = container instanceof Optional ? presentValue(container) : container
  if (inner === undefined) return false
  if (inner instanceof Map) return inner.has(field)
  throw cannotSelect(inner, node, evaluator)
}

function select(container: unknown, key: unknown, node: Node, evaluator: Evaluator, fallback: Handle | undefined) {
  // A field of an optional is an optional field, all the way down the chain.
  if (container instanceof Optional) return selectOptional(container, key, node, evaluator)
  const found = lookup(container, key)
  switch (found.kind) {
    case 'found':
      return found.value
    case 'absent':
      throw new CelFailure(found.isList ? 'index out of bounds' : `no such key${keyText(node)}`, node)
    case 'not a container':
      // What is left are constants of the package itself, such as google.protobuf.Timestamp.
      if (isPlainObject(container) && fallback !== undefined) return fallback(container, key, node, evaluator)
      throw cannotSelect(container, node, evaluator)
  }
}

type Lookup =
  | { readonly kind: 'found'; readonly value: unknown }
  | { readonly kind: 'absent'; readonly isList: boolean }
  | { readonly kind: 'not a container' }

const NOT_A_CONTAINER: Lookup = { kind: 'not a container' }
const ABSENT_KEY: Lookup = { kind: 'absent', isList: false }
const ABSENT_INDEX: Lookup = { kind: 'absent', isList: true }

function lookup(container: unknown, key: unknown): Lookup {
  if (container instanceof Map) {
    const value: unknown = container.get(keyOf(key))
    return value === undefined ? ABSENT_KEY : { kind: 'found', value }
  }
  if (!Array.isArray(container)) return NOT_A_CONTAINER
  const index = numberOf(key)
  if (index === undefined) return NOT_A_CONTAINER
  const value: unknown = container[Number(index)]
  return value === undefined ? ABSENT_INDEX : { kind: 'found', value }
}

function presentValue(optional: Optional): unknown {
  return optional.hasValue() ? optional.value() : undefined
}

/** The key, where it stands in the expression. A computed key is content of the object and is not named. */
function keyText(node: Node): string {
  const field = selectOf(node)?.field
  if (field !== undefined) return `: ${field}`
  const literal = literalOf((node.args as readonly Node[])[1] as Node)
  return literal === undefined ? '' : `: ${String(literal)}`
}

function cannotSelect(container: unknown, node: Node, evaluator: Evaluator): CelFailure {
  return new CelFailure(`a value of type ${evaluator.debugType(container).name} has no such key${keyText(node)}`, node)
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
