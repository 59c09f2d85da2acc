/**
 * The CEL environment of Sluice: the variables of an admission, and the functions of Kubernetes that pod policies use. Built
 * once. Where the package has a function of the same name and number of arguments, ours is registered under a name nobody
 * can write (`matches#`) and calls are renamed to it before the type check, since a built-in cannot be replaced.
 *
 * Of Kubernetes' environment, url, ip, cidr, semver, format.*, jsonpatch, the authorizer and object construction are not
 * here yet; each would be one more file in functions/.
 */
import { Environment, type ParseResult } from '@marcbachmann/cel-js'
import type { Prepare } from './calls.ts'
import { conversionFunctions } from './functions/conversions.ts'
import type { FunctionDefinition } from './functions/definition.ts'
import { durationFunctions } from './functions/durations.ts'
import { formatFunctions } from './functions/format.ts'
import { listFunctions } from './functions/lists.ts'
import { optionalFunctions } from './functions/optionals.ts'
import { quantityFunctions } from './functions/quantity.ts'
import { regexFunctions } from './functions/regexes.ts'
import { setFunctions } from './functions/sets.ts'
import { stringFunctions } from './functions/strings.ts'
import { timestampFunctions } from './functions/timestamps.ts'
import { optFlatMap, optMap } from './macros/optional-map.ts'
import { sortBy } from './macros/sort-by.ts'
import { all2, exists2, existsOne, transformList, transformMap, transformMapEntry } from './macros/two-variables.ts'
import { functionKey } from './nodes.ts'
import {
  type MacroDefinition,
  registerFunction,
  registerMacro,
  registerTypes,
  registerVariables,
} from './registration.ts'
import { assertCelInternals } from './self-test.ts'

export interface CelEnvironment {
  parse(source: string): ParseResult
  /** The name under which a call is to be looked up, if not its own. */
  readonly renamed: ReadonlyMap<string, string>
  readonly prepared: ReadonlyMap<string, Prepare>
}

export interface EnvironmentOptions {
  /** Names need not be declared and literals may mix types: what the conformance suite of CEL assumes. */
  readonly isLoose?: boolean
}

// Kubernetes has no node limits; these are far beyond any policy, and keep checking and evaluating off the stack's end.
const LIMITS = { maxAstNodes: 5_000, maxDepth: 100, maxListElements: 500, maxMapEntries: 500 }

const FUNCTIONS: readonly FunctionDefinition[] = [
  ...conversionFunctions,
  ...durationFunctions,
  ...formatFunctions,
  ...listFunctions,
  ...optionalFunctions,
  ...quantityFunctions,
  ...regexFunctions,
  ...setFunctions,
  ...stringFunctions,
  ...timestampFunctions,
]

const MACROS: readonly MacroDefinition[] = [
  { name: 'all', receiver: 'list', params: 3, returns: 'bool', expand: all2 },
  { name: 'exists', receiver: 'list', params: 3, returns: 'bool', expand: exists2 },
  ...[2, 3].map(params => ({ name: 'existsOne', receiver: 'list', params, returns: 'bool', expand: existsOne })),
  ...[3, 4].flatMap(params => [
    { name: 'transformList', receiver: 'list', params, returns: 'list<dyn>', expand: transformList },
    { name: 'transformMap', receiver: 'list', params, returns: 'map<dyn, dyn>', expand: transformMap },
    { name: 'transformMapEntry', receiver: 'list', params, returns: 'map<dyn, dyn>', expand: transformMapEntry },
  ]),
  { name: 'sortBy', receiver: 'list', params: 2, returns: 'list<dyn>', expand: sortBy },
  { name: 'optMap', receiver: 'optional', params: 2, returns: 'optional<dyn>', expand: optMap },
  { name: 'optFlatMap', receiver: 'optional', params: 2, returns: 'optional<dyn>', expand: optFlatMap },
]

/** Of the package and not of Kubernetes; a policy that used them would not be portable, and some read plain objects. */
const REMOVED: readonly string[] = [
  functionKey(true, 'bind', 3),
  functionKey(true, 'json', 0),
  functionKey(true, 'hex', 0),
  functionKey(true, 'base64', 0),
  functionKey(true, 'string', 0),
  functionKey(true, 'at', 1),
]

let admission: CelEnvironment | undefined

/** The environment of every policy. */
export function admissionEnvironment(): CelEnvironment {
  admission ??= createEnvironment()
  return admission
}

export function createEnvironment({ isLoose = false }: EnvironmentOptions = {}): CelEnvironment {
  assertCelInternals()
  const environment = new Environment({
    unlistedVariablesAreDyn: isLoose,
    homogeneousAggregateLiterals: !isLoose,
    enableOptionalTypes: true,
    limits: LIMITS,
  })
  const renamed = renamedCalls(environment)
  registerTypes(environment)
  for (const definition of FUNCTIONS) {
    registerFunction(environment, definition, renamed.get(keyOfDefinition(definition)) ?? definition.name)
  }
  for (const macro of MACROS) registerMacro(environment, macro)
  if (!isLoose) registerVariables(environment)
  return { parse: source => environment.parse(source), renamed, prepared: preparedCalls() }
}

function keyOfDefinition({ name, receiver, params }: FunctionDefinition): string {
  return functionKey(receiver !== undefined, name, params.length)
}

/** Every call of ours that the package would otherwise answer. All overloads of such a call are ours. */
function renamedCalls(environment: Environment): ReadonlyMap<string, string> {
  const builtIn = new Set(
    environment
      .getDefinitions()
      .functions.map(({ name, receiverType, params }) => functionKey(receiverType !== null, name, params.length)),
  )
  const ours = FUNCTIONS.filter(definition => builtIn.has(keyOfDefinition(definition)))
  return new Map([
    ...ours.map(definition => [keyOfDefinition(definition), `${definition.name}#`] as const),
    ...REMOVED.map(key => [key, `${key.split(':')[1]}#`] as const),
  ])
}

function preparedCalls(): ReadonlyMap<string, Prepare> {
  return new Map(
    FUNCTIONS.flatMap(definition =>
      definition.prepare === undefined ? [] : [[keyOfDefinition(definition), definition.prepare] as const],
    ),
  )
}
