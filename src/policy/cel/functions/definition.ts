/** How a function of the environment is written down. */
import type { Prepare } from '../calls.ts'

export interface FunctionDefinition {
  readonly name: string
  /** The type it is a method of. */
  readonly receiver?: string
  /** Types as the package writes them: `string`, `list<T>`, `kubernetes.Quantity`. */
  readonly params: readonly string[]
  readonly returns: string
  /**
   * Called with arguments of the declared types, the receiver first. The elements of a list are not checked: a list that
   * comes out of the object is `list<dyn>`.
   */
  readonly call: (...args: never[]) => unknown
  readonly prepare?: Prepare
}

/** Several functions of one name that differ in their parameters. */
export function overloads(
  name: string,
  returns: string,
  variants: readonly {
    readonly receiver?: string
    readonly params: readonly string[]
    readonly call: FunctionDefinition['call']
  }[],
): readonly FunctionDefinition[] {
  return variants.map(variant => ({ name, returns, ...variant }))
}
