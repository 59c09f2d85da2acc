/** Handing types, functions, macros and variables to the CEL package. */
import type { Environment } from '@marcbachmann/cel-js'
import { equal } from './equality.ts'
import type { FunctionDefinition } from './functions/definition.ts'
import { ListsNamespace } from './functions/lists.ts'
import { compareValues } from './functions/order.ts'
import { CelQuantity, QUANTITY_TYPE } from './functions/quantity.ts'
import { SetsNamespace } from './functions/sets.ts'
import { StringsNamespace } from './functions/strings.ts'
import type { Macro } from './internals.ts'
import type { MacroCall } from './macros/binding.ts'
import { requestSchema } from './request.ts'
import { sluiceSchema } from './sluice.ts'
import type { ObjectSchema } from './typed-object.ts'

export interface MacroDefinition {
  readonly name: string
  readonly receiver: string
  readonly params: number
  readonly returns: string
  readonly expand: (call: MacroCall) => Macro
}

export function registerTypes(environment: Environment): void {
  environment.registerType(QUANTITY_TYPE, CelQuantity)
  environment.registerOperator(`${QUANTITY_TYPE} == ${QUANTITY_TYPE}: bool`, equal)
  environment.registerOperator('optional<A> == optional<A>: bool', equal)
  const order = { '<': -1, '>': 1 } as const
  for (const [operator, sign] of Object.entries(order)) {
    environment.registerOperator(`bytes ${operator} bytes: bool`, (a, b) => compareValues(a, b) === sign)
    environment.registerOperator(`bytes ${operator}= bytes: bool`, (a, b) => compareValues(a, b) !== -sign)
  }
  registerNamespace(environment, 'strings', StringsNamespace)
  registerNamespace(environment, 'lists', ListsNamespace)
  registerNamespace(environment, 'sets', SetsNamespace)
}

/** `sets.contains(...)` is a method of a constant named sets. */
function registerNamespace(environment: Environment, name: string, Namespace: new () => object): void {
  environment.registerType(Namespace.name, Namespace)
  environment.registerConstant(name, Namespace.name, new Namespace())
}

export function registerFunction(environment: Environment, definition: FunctionDefinition, name: string): void {
  environment.registerFunction({
    name,
    ...(definition.receiver === undefined ? {} : { receiverType: definition.receiver }),
    returnType: definition.returns,
    params: definition.params.map(type => ({ type })),
    handler: definition.call as (...args: readonly unknown[]) => unknown,
    // The package would otherwise look for a promise at every step.
    async: false,
  })
}

export function registerMacro(
  environment: Environment,
  { name, receiver, params, returns, expand }: MacroDefinition,
): void {
  environment.registerFunction({
    name,
    receiverType: receiver,
    returnType: returns,
    params: Array.from({ length: params }, () => ({ type: 'ast' })),
    handler: (call: MacroCall) => ({ ...expand(call), async: false }),
    async: false,
  })
}

export function registerVariables(environment: Environment): void {
  // namespaceObject is null for cluster-scoped objects, so it cannot have a type. variables are typed one by one.
  for (const name of ['object', 'oldObject', 'params', 'namespaceObject', 'variables']) {
    environment.registerVariable(name, 'dyn')
  }
  registerSchema(environment, requestSchema)
  registerSchema(environment, sluiceSchema)
  environment.registerVariable('request', requestSchema.name)
  environment.registerVariable('sluice', sluiceSchema.name)
}

function registerSchema(environment: Environment, schema: ObjectSchema): void {
  const fields: Record<string, string> = {}
  for (const [field, type] of schema.fields) {
    fields[field] = typeof type === 'object' ? type.name : type
    if (typeof type === 'object' && !isRegistered(environment, type)) registerSchema(environment, type)
  }
  environment.registerType({ name: schema.name, ctor: schema.constructor, fields })
}

function isRegistered(environment: Environment, schema: ObjectSchema): boolean {
  const signature = `type(${schema.name}): type`
  return environment.getDefinitions().functions.some(definition => definition.signature === signature)
}
