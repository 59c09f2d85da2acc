/**
 * The names a macro binds (`i` and `v` in `list.all(i, v, ...)`), over the package's scopes: one scope per name, made at
 * the type check and used again by every evaluation.
 */
import { ParseError } from '@marcbachmann/cel-js'
import type { CelType, Evaluator, Node, Overlay, Scope } from '../internals.ts'
import { identifierOf } from '../nodes.ts'

/** What a macro is made from when its call is parsed. */
export interface MacroCall {
  readonly ast: Node
  readonly args: readonly Node[]
  readonly receiver: Node
}

export class Binding {
  readonly #names: readonly string[]
  #scopes: readonly Overlay[] = []

  /** Throws, as the package's own macros do, when an argument is not a name. */
  constructor(names: readonly Node[]) {
    this.#names = names.map(nameOf)
  }

  /** Gives the names their types and returns the scope in which the body is checked. */
  declare(scope: Scope, types: readonly CelType[]): Scope {
    const scopes: Overlay[] = []
    for (const [index, name] of this.#names.entries()) {
      const type = types[index]
      if (type !== undefined) scopes.push((scopes.at(-1) ?? scope).forkWithVariable(name, type))
    }
    this.#scopes = scopes
    return scopes.at(-1) ?? scope
  }

  /** Gives the names their values and returns the scope in which the body is evaluated. */
  enter(scope: Scope, values: readonly unknown[], evaluator: Evaluator): Scope {
    return this.#scopes.reduce<Scope>(
      (outer, overlay, index) => overlay.reuse(outer).setIterValue(values[index], evaluator),
      scope,
    )
  }

  /** Forgets the values: the scopes outlive the request on the syntax tree, and must not keep its object alive. */
  release(): void {
    for (const scope of this.#scopes) release(scope)
  }
}

export function release(scope: Overlay): void {
  scope.iterValue = undefined
  scope.accuValue = undefined
  scope.reuse(undefined)
}

function nameOf(node: Node): string {
  const name = identifierOf(node)
  if (name !== undefined) return name
  throw new ParseError({
    code: 'invalid_macro_argument',
    message: 'a macro needs a simple name here',
    node: node as never,
  })
}
