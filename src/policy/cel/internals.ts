/**
 * What Sluice relies on inside the CEL package and its type declarations do not show, typed once, and checked at start.
 *
 * The package has no hook for cost, for linear-time regular expressions or for replacing a built-in function. All three
 * are done on the syntax tree it returns: before the type check (`setMeta('check')`) and after it (`setMeta('evaluate')`
 * and `handle`).
 */
import { Environment, EvaluationError, Optional } from '@marcbachmann/cel-js'

const PINNED = '@marcbachmann/cel-js 8.0.0'

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

export interface Candidates {
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

/** Throws when the installed package is not the one this folder was written against. */
export function assertCelInternals(): void {
  const missing = PROBES.filter(probe => !holds(probe.check)).map(probe => probe.name)
  if (missing.length === 0) return
  throw new Error(`the CEL package is not ${PINNED}, which Sluice needs exactly: ${missing.join(', ')}`)
}

interface Probe {
  readonly name: string
  readonly check: (environment: Environment) => boolean
}

const PROBES: readonly Probe[] = [
  {
    name: 'a comprehension is an alternate node with iterable, step and scope',
    check: environment => {
      const { root } = checked(environment, '[1].all(e, e > 0)')
      const parts = root.meta.alternate?.args as Comprehension | undefined
      const scope = parts?.iterCtx
      return (
        parts?.iterable.op === 'list' &&
        typeof parts.step.meta.evaluate === 'function' &&
        [scope?.reuse, scope?.setIterValue, scope?.forkWithVariable, scope?.getValue].every(isFunction)
      )
    },
  },
  {
    name: 'has() is a macro that can be replaced',
    check: environment => {
      const { root, run } = parse(environment, 'has(dyn(1).a)')
      const macro = root.meta.macro
      if (!isFunction(macro?.typeCheck) || !isFunction(macro?.evaluate)) return false
      root.setMeta('macro', { typeCheck: checker => checker.boolType, evaluate: () => 'replaced' })
      return run() === 'replaced'
    },
  },
  {
    name: 'check and evaluate of a node can be replaced',
    check: environment => {
      const { root, run, check } = parse(environment, '1 + 2')
      root.setMeta('check', checker => checker.getType('string'))
      root.setMeta('evaluate', () => 'replaced')
      return check().type === 'string' && run() === 'replaced'
    },
  },
  {
    name: 'an operator has a handle',
    check: environment => {
      const { root, run } = checked(environment, '1 + 2')
      const original = root.handle
      root.handle = (left, right) => [left, right]
      return isFunction(original) && String(run()) === '1,2'
    },
  },
  {
    name: 'a call lists its candidates',
    check: environment => {
      const { root } = checked(environment, '"a".startsWith(dyn("a"))')
      const [declaration] = root.candidates?.declarations ?? []
      return (
        isFunction(root.candidates?.findFunction) &&
        isFunction(declaration?.handler) &&
        isFunction(declaration?.receiverType?.matchesValueType) &&
        declaration?.argTypes.length === 1
      )
    },
  },
  {
    name: 'errors and optional values can be made',
    check: () => new EvaluationError({ code: 'a', message: 'b' }).summary === 'b' && Optional.of(1).hasValue(),
  },
]

function holds(check: Probe['check']): boolean {
  try {
    return check(new Environment())
  } catch {
    return false
  }
}

function parse(environment: Environment, source: string) {
  const run = environment.parse(source)
  return { root: run.ast as unknown as Node, run: (): unknown => run(), check: () => run.check() }
}

function checked(environment: Environment, source: string) {
  const parsed = parse(environment, source)
  parsed.check()
  return parsed
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}
