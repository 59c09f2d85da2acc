/** The variables of a policy: typed at load, each evaluated at most once per activation and only if it is read. */
import { exceed, metered, runningBudget } from './cost.ts'
import { CelFailure, problemOf } from './failure.ts'
import type { KnownVariable, Program } from './program.ts'
import type { VariableReader } from './rewrite.ts'

export interface CompiledVariables {
  readonly programs: ReadonlyMap<string, Program>
}

export const NO_VARIABLES: CompiledVariables = { programs: new Map() }

/** What a later expression may know of them. */
export function knownVariables({ programs }: CompiledVariables): ReadonlyMap<string, KnownVariable> {
  return programs
}

type Outcome =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly problem: string }
  | { readonly kind: 'exceeded'; readonly limit: string }

/** The values of one activation. */
export class VariableValues implements VariableReader {
  readonly #variables: CompiledVariables
  readonly #values: () => Readonly<Record<string, unknown>>
  readonly #known = new Map<string, Outcome>()

  constructor(variables: CompiledVariables, values: () => Readonly<Record<string, unknown>>) {
    this.#variables = variables
    this.#values = values
  }

  /** Throws what went wrong when the variable was evaluated, each time it is read. */
  read(name: string): unknown {
    const outcome = this.#known.get(name) ?? this.#evaluate(name)
    this.#known.set(name, outcome)
    switch (outcome.kind) {
      case 'done':
        return outcome.value
      case 'failed':
        throw new CelFailure(`variables.${name} failed at ${outcome.problem}`)
      case 'exceeded':
        return exceed(outcome.limit)
    }
  }

  // A limit of its own, at the expense of the policy's budget, as in Kubernetes.
  #evaluate(name: string): Outcome {
    const program = this.#variables.programs.get(name)
    if (program === undefined) return { kind: 'failed', problem: 'the start: it belongs to another policy' }
    const result = metered(runningBudget(), () => program.run(this.#values()))
    return result.kind === 'failed' ? { kind: 'failed', problem: problemOf(result.error, program.source) } : result
  }
}
