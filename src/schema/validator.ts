import { Ajv, type ErrorObject, type SchemaValidateFunction, type ValidateFunction } from 'ajv'
import type { Static, TSchema } from 'typebox'
import { failed, type Issue, type Parsed, parsed } from './parsed.ts'
import type { DeepReadonly } from './parts.ts'

const MAX_ISSUES = 20

const LIST_KEYS = 'x-kubernetes-list-map-keys'

/** Items of a list that is a map by some of their fields: two of one key are a mistake, as they are to the API server. */
const haveKeysOfTheirOwn: SchemaValidateFunction = (keys: readonly string[], items: readonly unknown[], _, context) => {
  const seen = new Set<string>()
  const errors: Partial<ErrorObject>[] = []
  for (const [index, item] of items.entries()) {
    const identity = keys.map(key => Object(item)[key])
    const text = JSON.stringify(identity)
    // One without a key is told so by `required`.
    if (seen.has(text) && !identity.includes(undefined)) {
      const instancePath = `${context?.instancePath ?? ''}/${index}`
      errors.push({ keyword: LIST_KEYS, instancePath, params: { keys, identity } })
    }
    seen.add(text)
  }
  haveKeysOfTheirOwn.errors = errors
  return errors.length === 0
}

const KUBERNETES_ANNOTATIONS = [
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-preserve-unknown-fields',
]

// No coercion and no defaults: what was sent is what is judged, and the validated object is never written to.
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, strictTypes: false, verbose: true })
ajv.addVocabulary(KUBERNETES_ANNOTATIONS)
ajv.addKeyword({ keyword: LIST_KEYS, type: 'array', schemaType: 'array', validate: haveKeysOfTheirOwn })

/** A parser that says every place where a value is not of the schema. Compiled when first used. */
export function parserOf<S extends TSchema>(
  schema: S,
): (value: unknown, at?: string) => Parsed<DeepReadonly<Static<S>>> {
  let compiled: ValidateFunction | undefined
  return (value, at = '') => {
    compiled ??= ajv.compile(schema)
    if (compiled(value)) return parsed(value as DeepReadonly<Static<S>>)
    return failed(...issuesOf(compiled.errors ?? [], at))
  }
}

function issuesOf(errors: readonly ErrorObject[], at: string): readonly Issue[] {
  const telling = errors.filter(error => !isConsequence(error, errors))
  return telling.slice(0, MAX_ISSUES).map(error => issueOf(error, at))
}

// int-or-string is an anyOf: its branches fail one by one, and only the sum of them means something to a reader. What is none of
// some texts need not be told that it is no text.
function isConsequence(error: ErrorObject, errors: readonly ErrorObject[]): boolean {
  return errors.some(
    other =>
      (other.keyword === 'anyOf' && other !== error && error.schemaPath.startsWith(`${other.schemaPath}/`)) ||
      (other.keyword === 'enum' && error.keyword === 'type' && error.instancePath === other.instancePath),
  )
}

function issueOf(error: ErrorObject, at: string): Issue {
  const place = [at, fieldPath(error.instancePath)].filter(part => part !== '').join(': ')
  return { at: place === '' ? '(document)' : place, ...describe(error) }
}

function describe(error: ErrorObject): { readonly problem: string; readonly remedy?: string } {
  const { keyword, params } = error
  switch (keyword) {
    case 'additionalProperties': {
      const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {})
      return {
        problem: `unknown field ${quote(params.additionalProperty)}`,
        remedy: `known fields: ${known.join(', ')}`,
      }
    }
    case 'required':
      return { problem: `field ${quote(params.missingProperty)} is missing` }
    case 'enum':
      return { problem: `${shown(error.data)} is not allowed`, remedy: `one of ${params.allowedValues.join(', ')}` }
    case 'type':
      return { problem: `must be of type ${params.type}, not ${typeName(error.data)}` }
    case 'pattern':
      return { problem: `${shown(error.data)} does not have the form ${params.pattern}` }
    case 'anyOf':
      return {
        problem: `${shown(error.data)} is neither a whole number in range nor a text of the right form`,
        ...formOf(error),
      }
    case LIST_KEYS:
      return {
        problem: `${params.keys.join(' and ')} ${params.identity.map(quote).join(' and ')} is there already`,
        remedy: 'remove or rename one of them',
      }
    default:
      return { problem: error.message ?? keyword }
  }
}

function formOf(error: ErrorObject): { readonly remedy?: string } {
  const branches = Array.isArray(error.schema) ? error.schema : []
  const pattern = branches.map(branch => branch?.pattern).find(form => typeof form === 'string')
  return pattern === undefined ? {} : { remedy: `the form is ${pattern}` }
}

/** `/spec/containers/0/env` as people write it: `spec.containers[0].env`; keys with dots are quoted. */
export function fieldPath(pointer: string): string {
  const steps = pointer
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  return steps.reduce((path, step) => path + fieldStep(step, path === ''), '')
}

function fieldStep(step: string, isFirst: boolean): string {
  if (/^\d+$/.test(step)) return `[${step}]`
  if (!/^[A-Za-z_][\w-]*$/.test(step)) return `[${quote(step)}]`
  return isFirst ? step : `.${step}`
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' ? quote(value) : typeName(value)
}

// Foreign text is quoted, cut and free of control characters wherever it is shown. JSON escapes those below a space; a terminal
// obeys those above `~` as well, and marks of direction make a line read as what it is not.
const UNSEEN = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

function quote(value: unknown): string {
  const text = String(value).replace(UNSEEN, '?')
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 61)}...` : text)
}
