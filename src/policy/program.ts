import type { GpuPolicyDocument } from '../schema/documents.ts'
import type { PolicyValidation } from '../schema/gpu-policy.ts'
import { failed, type Issue, type Parsed, parsed, taken } from '../schema/parsed.ts'
import {
  type CompiledExpression,
  compileExpression,
  compileVariables,
  MAX_MESSAGE_EXPRESSION_LENGTH,
  type ResultType,
} from './cel/compile.ts'
import { createBudget, MATCH_CONDITIONS_COST, POLICY_COST } from './cel/cost.ts'
import { activate, evaluate, type Inputs } from './cel/evaluate.ts'
import { toRequest } from './cel/request.ts'
import { type SluiceFacts, toSluice } from './cel/sluice.ts'
import { toCel } from './cel/value.ts'
import type { CompiledVariables } from './cel/variables.ts'
import type { Subject } from './subject.ts'

/** The expressions of one policy, compiled. */
export interface PolicyProgram {
  /** Opens the program on one pod: its variables are evaluated at most once, its cost counts as one. */
  open(activation: Activation, isLate: () => boolean): Evaluation
}

/** What all policies see of one pod. */
export type Activation = Inputs

export interface Evaluation {
  conditions(): Conditions
  /** Whether the pod keeps the rule at this index of `validate`. */
  rule(index: number): Outcome<boolean>
  /** The message that the rule computes, where it computes one. */
  message(index: number): Outcome<string> | undefined
  text(expression: string): Outcome<string>
  count(expression: string): Outcome<number>
}

type Conditions =
  | { readonly kind: 'holds' }
  | { readonly kind: 'fails'; readonly name: string }
  | { readonly kind: 'failed'; readonly problem: string }

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string }

/** The views of `request` and `sluice` are made when an expression first reads them: most read neither. */
export function activationOf(subject: Subject): Activation {
  const request = once(() => toRequest(subject.request))
  const sluice = once(() => toSluice(factsOf(subject)))
  return {
    object: toCel(subject.object),
    oldObject: toCel(subject.oldObject),
    params: null,
    namespaceObject: toCel({ metadata: { name: subject.namespace, labels: subject.namespaceLabels } }),
    get request() {
      return request()
    },
    get sluice() {
      return sluice()
    },
  }
}

function factsOf(subject: Subject): SluiceFacts {
  const { demand, workload } = subject
  return {
    tenant: subject.tenant ?? '',
    tier: subject.tier ?? '',
    demand: demand?.byClass ?? new Map(),
    effective: subject.effective,
    gpus: demand?.total ?? 0n,
    classes: [...(demand?.byClass.keys() ?? [])],
    vendors: [...(demand?.vendors ?? [])],
    instanceTypes: subject.instanceTypes,
    accelerated: (demand?.accelerated ?? []).map(({ name }) => name),
    workload: { kind: workload.kind, name: workload.name, role: workload.role },
    gang: { id: workload.gang?.id ?? '', size: BigInt(workload.gang?.size ?? 0) },
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

interface Compiled {
  readonly variables: CompiledVariables
  readonly conditions: readonly { readonly name: string; readonly expression: CompiledExpression<'bool'> }[]
  readonly rules: readonly Rule[]
  readonly texts: ReadonlyMap<string, CompiledExpression<'string'>>
  readonly counts: ReadonlyMap<string, CompiledExpression<'int'>>
}

interface Rule {
  readonly expression: CompiledExpression<'bool'>
  readonly message: CompiledExpression<'string'> | undefined
}

/** Compiles everything in CEL that a policy holds, or says every place where it cannot be. */
export function compileProgram(document: GpuPolicyDocument): Parsed<PolicyProgram> {
  const { spec, metadata } = document
  const issues: Issue[] = []
  const place = (field: string) => `GpuPolicy ${metadata.name}: spec.${field}`
  const variables = taken(compileVariables(spec.variables ?? [], place('variables')), issues)
  // What uses the variables cannot be judged while they are wrong.
  if (variables === undefined) return failed(...issues)

  const compile = <T extends ResultType>(expression: string, resultType: T, field: string, maxLength?: number) => {
    const source = { expression, resultType, place: place(field), variables }
    return taken(compileExpression(maxLength === undefined ? source : { ...source, maxLength }), issues)
  }
  const conditions = (spec.matchConditions ?? []).flatMap(({ name, expression }, index) => {
    const compiled = compile(expression, 'bool', `matchConditions[${index}].expression`)
    return compiled === undefined ? [] : [{ name, expression: compiled }]
  })
  const rules = (spec.validate ?? []).flatMap((rule, index) => compileRule(rule, `validate[${index}]`, compile))
  const texts = textExpressions(spec).map(
    ({ expression, field }) => [expression, compile(expression, 'string', field)] as const,
  )
  const counts = countExpressions(spec).map(
    ({ expression, field }) => [expression, compile(expression, 'int', field)] as const,
  )
  if (issues.length > 0) return failed(...issues)
  return parsed(program({ variables, conditions, rules, texts: present(texts), counts: present(counts) }))
}

type Compile = <T extends ResultType>(
  expression: string,
  resultType: T,
  field: string,
  maxLength?: number,
) => CompiledExpression<T> | undefined

function compileRule(
  { expression, messageExpression }: PolicyValidation,
  field: string,
  compile: Compile,
): readonly Rule[] {
  const rule = compile(expression, 'bool', `${field}.expression`)
  const message =
    messageExpression === undefined
      ? undefined
      : compile(messageExpression, 'string', `${field}.messageExpression`, MAX_MESSAGE_EXPRESSION_LENGTH)
  return rule === undefined ? [] : [{ expression: rule, message }]
}

interface PlacedExpression {
  readonly expression: string
  readonly field: string
}

function textExpressions({ inject = {} }: GpuPolicyDocument['spec']): readonly PlacedExpression[] {
  const blocks = {
    env: inject.env,
    labels: inject.labels,
    annotations: inject.annotations,
    nodeSelector: inject.nodeSelector,
  }
  const listed = Object.entries(blocks).flatMap(([block, entries = []]) =>
    entries.flatMap((entry, index) => placedAt(entry.expression, `inject.${block}[${index}].expression`)),
  )
  return [...listed, ...placedAt(inject.sharedMemory?.expression, 'inject.sharedMemory.expression')]
}

function countExpressions({ inject = {} }: GpuPolicyDocument['spec']): readonly PlacedExpression[] {
  return (inject.devices ?? []).flatMap(({ expression }, index) =>
    placedAt(expression, `inject.devices[${index}].expression`),
  )
}

function placedAt(expression: string | undefined, field: string): readonly PlacedExpression[] {
  return expression === undefined ? [] : [{ expression, field }]
}

function program(compiled: Compiled): PolicyProgram {
  return {
    open(inputs, isLate) {
      const activation = activate(inputs, compiled.variables)
      const conditionBudget = createBudget(MATCH_CONDITIONS_COST, isLate)
      const budget = createBudget(POLICY_COST, isLate)
      return {
        conditions() {
          let problem: string | undefined
          for (const { name, expression } of compiled.conditions) {
            const holds = evaluate(expression, activation, conditionBudget)
            if (!holds.ok) problem ??= `matchCondition ${name}: ${holds.problem}`
            // As in Kubernetes, one that is false settles it, whatever failed before.
            else if (!holds.value) return { kind: 'fails', name }
          }
          return problem === undefined ? { kind: 'holds' } : { kind: 'failed', problem }
        },
        rule: index => evaluate(at(compiled.rules, index).expression, activation, budget),
        message(index) {
          const { message } = at(compiled.rules, index)
          return message === undefined ? undefined : evaluate(message, activation, budget)
        },
        text: source => evaluate(known(compiled.texts, source), activation, budget),
        count(source) {
          const count = evaluate(known(compiled.counts, source), activation, budget)
          return count.ok ? countOf(count.value) : count
        },
      }
    },
  }
}

// A count becomes devices of a pod; what no node could ever have is a slip of the expression.
const MAX_COUNT = 1024n

function countOf(value: bigint): Outcome<number> {
  if (value >= 0n && value <= MAX_COUNT) return { ok: true, value: Number(value) }
  return { ok: false, problem: `a count is between 0 and ${MAX_COUNT}` }
}

function present<T>(entries: readonly (readonly [string, T | undefined])[]): ReadonlyMap<string, T> {
  return new Map(entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])))
}

function at(rules: readonly Rule[], index: number): Rule {
  const rule = rules[index]
  if (rule === undefined) throw new Error(`the policy has no rule ${index}`)
  return rule
}

function known<T>(expressions: ReadonlyMap<string, T>, source: string): T {
  const expression = expressions.get(source)
  if (expression === undefined) throw new Error('an expression was not compiled with its policy')
  return expression
}
