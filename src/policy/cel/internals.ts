/**
 * What Sluice relies on inside the CEL package and its type declarations do not show, typed once (self-test.ts checks that it
 * is there).
 *
 * The package has no hook for cost, for linear-time regular expressions or for replacing a built-in function. All three
 * are done on the syntax tree it returns: before the type check (`setMeta('check')`) and after it (`setMeta('evaluate')`
 * and `handle`).
 */
/** A type as the checker knows it: `int`, `list<string>`, `dyn`, `kubernetes.Quantity`. */
export interface CelType {
  readonly kind: 'primitive' | 'list' | 'map' | 'message' | 'enum' | 'dyn' | 'optional' | 'param'
  readonly name: string
  readonly keyType?: CelType
  readonly valueType?: CelType
  readonly hasDynType: boolean
  readonly hasPlaceholderType: boolean
  matchesValueType(value: unknown, evaluator: Evaluator): boolean
}

/** The names an expression can see while it is checked or evaluated. */
export interface Scope {
  getValue(name: string): unknown
  forkWithVariable(name: string, type: CelType): Overlay
}

/** A scope with one more name. It lives on the syntax tree and is used again for every evaluation. */
export interface Overlay extends Scope {
  iterValue: unknown
  accuValue: unknown
  reuse(parent: Scope | undefined): Overlay
  setIterValue(value: unknown, evaluator: Evaluator): Overlay
}

export interface Checker {
  readonly dynType: CelType
  readonly boolType: CelType
  readonly registry: {
    getListType(element: CelType): CelType
    getMapType(key: CelType, value: CelType): CelType
    getOptionalType(value: CelType): CelType
  }
  check(node: Node, scope: Scope): CelType
  getType(name: string): CelType
  formatType(type: CelType): string
  createError(code: string, message: string, node: Node): Error
}

export interface Evaluator {
  run(node: Node, scope: Scope): unknown
  debugType(value: unknown): CelType
}

export interface FunctionDeclaration {
  readonly macro: boolean
  readonly receiverType: CelType | null
  readonly argTypes: readonly CelType[]
  readonly handler: (...args: readonly unknown[]) => unknown
}

interface Candidates {
  readonly declarations: readonly FunctionDeclaration[]
  findFunction(
    argTypes: readonly CelType[],
    receiverType: CelType | null,
  ): { readonly handler: FunctionDeclaration['handler'] } | null
}

/** What an operator does with its two operands; `right` is the field name for `.` and `.?`. */
export type Handle = (left: unknown, right: unknown, node: Node, evaluator: Evaluator) => unknown

/** The same of a comprehension, whose arguments are the range, the parts of the comprehension, evaluator and scope. */
export type ComprehensionHandle = (range: unknown, ...rest: readonly unknown[]) => unknown

export interface Macro {
  typeCheck(checker: Checker, macro: Macro, scope: Scope): CelType
  evaluate(evaluator: Evaluator, macro: Macro, scope: Scope): unknown
}

export interface NodeMeta {
  check: (checker: Checker, node: Node, scope: Scope) => CelType
  evaluate: (evaluator: Evaluator, node: Node, scope: Scope) => unknown
  /** What the parser expanded this call to; checked and evaluated in its place. */
  readonly alternate?: Node
  macro: Macro | undefined
}

export interface Node {
  readonly op: string
  readonly args: unknown
  /** Offset in the source of what an error about this node should point at. */
  readonly pos: number
  readonly meta: NodeMeta
  readonly checkedType?: CelType
  readonly candidates?: Candidates
  handle?: Handle
  setMeta<K extends keyof NodeMeta>(key: K, value: NodeMeta[K]): Node
}

/** The arguments of the node a comprehension macro is expanded to. */
export interface Comprehension {
  readonly iterable: Node
  readonly iterVarName: string
  readonly step: Node
  iterCtx: Overlay
}
