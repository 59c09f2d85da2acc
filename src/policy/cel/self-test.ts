/** Checks at start that the installed CEL package has the inside that internals.ts describes. */
import { Environment, EvaluationError, Optional } from '@marcbachmann/cel-js'
import type { Comprehension, Node } from './internals.ts'

const PINNED = '@marcbachmann/cel-js 8.0.0'

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
