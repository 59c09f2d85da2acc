import Type, { type Static, type TSchema } from 'typebox'

/*
 * The pieces every kind is built of. They stay inside what a CustomResourceDefinition allows (a structural schema):
 * no patternProperties, no anyOf of types except int-or-string, every object either closed or a map.
 */

/** A schema's value as our code sees it: never written to. */
export type ReadonlyStatic<S extends TSchema> = DeepReadonly<Static<S>>

export type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends readonly unknown[]
    ? T
    : T extends object
      ? // A map of anything (labels, JSON) has no fields to descend into.
        string extends keyof T
        ? Readonly<T>
        : { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
      : T

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
export type JsonObject = { readonly [key: string]: JsonValue }

export function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

export function isList(value: unknown): value is readonly JsonValue[] {
  return Array.isArray(value)
}

const DNS_LABEL = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'
const DNS_NAME = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'
const QUALIFIED_NAME = '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$'
const GPU_COUNT = '^[0-9]+m?$'
const WEIGHT = '^[0-9]+(\\.[0-9]+)?$'
const POOL = '^([0-9]+m?|(100|[0-9]{1,2})(\\.[0-9])?%)$'

export function object<P extends Record<string, TSchema>>(description: string, properties: P) {
  return Type.Object(properties, { description, additionalProperties: false })
}

export function list<S extends TSchema>(description: string, items: S, options: ListOptions = {}) {
  const { keys, ...limits } = options
  const listType = keys === undefined ? {} : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys }
  return Type.Array(items, { description, maxItems: 256, ...limits, ...listType })
}

interface ListOptions {
  readonly minItems?: number
  readonly maxItems?: number
  /** The fields that identify an item, so that two writers can own different items of one list. */
  readonly keys?: string[]
}

export function choice<const Choices extends readonly string[]>(
  description: string,
  choices: Choices,
  options: { readonly default?: Choices[number] } = {},
) {
  return Type.Unsafe<Choices[number]>({ type: 'string', enum: [...choices], description, ...options })
}

export function text(description: string, options: { readonly maxLength?: number; readonly minLength?: number } = {}) {
  return Type.String({ description, maxLength: 1024, ...options })
}

export function flag(description: string) {
  return Type.Boolean({ description })
}

export function integer(description: string, options: { readonly minimum?: number; readonly maximum?: number } = {}) {
  return Type.Integer({ description, minimum: 0, maximum: 2_147_483_647, ...options })
}

export function stringMap(description: string) {
  return Type.Unsafe<Record<string, string>>({
    type: 'object',
    description,
    additionalProperties: { type: 'string', maxLength: 1024 },
  })
}

/** An object that Kubernetes defines and Sluice passes on as it stands. */
export function opaque(description: string) {
  return Type.Unsafe<JsonObject>({ type: 'object', description, 'x-kubernetes-preserve-unknown-fields': true })
}

export function dnsLabel(description: string) {
  return Type.String({ description, maxLength: 63, pattern: DNS_LABEL })
}

export function dnsName(description: string) {
  return Type.String({ description, maxLength: 253, pattern: DNS_NAME })
}

export function qualifiedName(description: string) {
  return Type.String({ description, maxLength: 317, pattern: QUALIFIED_NAME })
}

/** A count of accelerators: `8`, `"8"` or `"500m"`. */
export function gpuCount(description: string) {
  return intOrString(`${description} In GPUs: \`8\`, \`"500m"\`.`, GPU_COUNT)
}

/** A part of a cohort's capacity: a count of accelerators or a percentage. */
export function pool(description: string) {
  return intOrString(`${description} In GPUs or as a percentage of the capacity: \`12\`, \`"500m"\`, \`"15%"\`.`, POOL)
}

/** A share among others, as a decimal. */
export function weight(description: string) {
  return intOrString(`${description} A decimal: \`2\`, \`"0.5"\`. 1 without it.`, WEIGHT)
}

// Thousandths of what passes fit an int64 with room to spare: past it an amount would mean "unlimited".
const MAX_COUNT = 1e12
const MAX_COUNT_LENGTH = 14

function intOrString(description: string, pattern: string) {
  return Type.Unsafe<number | string>({
    description,
    'x-kubernetes-int-or-string': true,
    anyOf: [
      { type: 'integer', minimum: 0, maximum: MAX_COUNT },
      { type: 'string', pattern, maxLength: MAX_COUNT_LENGTH },
    ],
  })
}

/** A CEL expression. */
export function expression(description: string) {
  return Type.String({ description, minLength: 1, maxLength: 16_384 })
}

export const labelSelector = object('Selects by labels, as everywhere in Kubernetes.', {
  matchLabels: Type.Optional(stringMap('Labels that must all be present with these values.')),
  matchExpressions: Type.Optional(
    list(
      'Requirements that must all hold.',
      object('One requirement.', {
        key: qualifiedName('The label.'),
        operator: choice('How the label is compared.', ['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: Type.Optional(list('The values of In and NotIn.', text('A value.', { maxLength: 63 }))),
      }),
    ),
  ),
})

export type LabelSelector = ReadonlyStatic<typeof labelSelector>

/** From the most to the least protected. */
export const TIERS = ['reserved', 'shared', 'burst'] as const
export type Tier = (typeof TIERS)[number]

/** Systems that queue pods on their own, by the names of their projects. */
export const QUEUE_SYSTEMS = ['kueue', 'volcano', 'kai', 'yunikorn'] as const
export type QueueSystem = (typeof QUEUE_SYSTEMS)[number]

export const MODES = ['Enforce', 'Warn', 'Audit'] as const
export type Mode = (typeof MODES)[number]
