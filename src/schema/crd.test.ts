import assert from 'node:assert/strict'
import { test } from 'node:test'
import { customResourceDefinition } from './crd.ts'
import { KINDS } from './documents.ts'
import type { JsonObject, JsonValue } from './parts.ts'

interface Node {
  readonly at: string
  readonly schema: JsonObject
  /** How the schema is reached: as a property has to say what it is for. */
  readonly role: 'root' | 'property' | 'items' | 'values'
}

/** Every schema inside a schema. */
function nodesOf(schema: JsonObject, at: string, role: Node['role'] = 'root'): readonly Node[] {
  const { properties = {}, items, additionalProperties } = schema as Readonly<Record<string, JsonValue>>
  return [
    { at, schema, role },
    ...Object.entries(properties as JsonObject).flatMap(([name, field]) =>
      nodesOf(field as JsonObject, `${at}.${name}`, 'property'),
    ),
    ...(items === undefined ? [] : nodesOf(items as JsonObject, `${at}[]`, 'items')),
    ...(additionalProperties === undefined ? [] : nodesOf(additionalProperties as JsonObject, `${at}.*`, 'values')),
  ]
}

function schemaOf(kind: (typeof KINDS)[number]): JsonObject {
  const definition = customResourceDefinition(kind) as unknown as {
    readonly spec: { readonly versions: readonly [{ readonly schema: { readonly openAPIV3Schema: JsonObject } }] }
  }
  return definition.spec.versions[0].schema.openAPIV3Schema
}

const ALL = KINDS.flatMap(kind => nodesOf(schemaOf(kind), kind.kind))

// What a structural schema may say (Kubernetes, CustomResourceDefinitions: specifying a structural schema).
const ALLOWED = new Set([
  'type',
  'description',
  'properties',
  'required',
  'items',
  'additionalProperties',
  'enum',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'anyOf',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-preserve-unknown-fields',
])

test('every schema stays inside what a structural schema may say', () => {
  assert.ok(ALL.length > 200, `only ${ALL.length} schemas were seen`)
  for (const { at, schema } of ALL) {
    for (const keyword of Object.keys(schema)) assert.ok(ALLOWED.has(keyword), `${at}: ${keyword}`)
    assert.notEqual(schema.additionalProperties, false, at)
    assert.ok(!('properties' in schema && 'additionalProperties' in schema), at)
    const isIntOrString = schema['x-kubernetes-int-or-string'] === true
    assert.equal(schema.type === undefined, isIntOrString, `${at} has no type`)
    assert.deepEqual(schema.anyOf, isIntOrString ? [{ type: 'integer' }, { type: 'string' }] : undefined, at)
  }
})

test('every property says what it is for', () => {
  const own = ALL.filter(({ at, role }) => role === 'property' && !/^\w+\.(apiVersion|kind|metadata|spec)$/.test(at))
  for (const { at, schema } of own) assert.ok(String(schema.description ?? '').length > 3, `${at} has no description`)
  for (const { at, schema } of ALL.filter(({ role }) => role === 'items'))
    assert.ok(schema.description !== undefined, at)
})

test('the keys of a list are required fields of its items, as the API server demands', () => {
  const keyed = ALL.filter(({ schema }) => 'x-kubernetes-list-map-keys' in schema)
  assert.ok(keyed.length > 5)
  for (const { at, schema } of keyed) {
    const required = ((schema.items as JsonObject).required ?? []) as readonly string[]
    for (const key of schema['x-kubernetes-list-map-keys'] as readonly string[])
      assert.ok(required.includes(key), `${at}: ${key}`)
  }
})

test('lists and texts are bounded, so that rules of the API server could be', () => {
  for (const { at, schema } of ALL) {
    if (schema.type === 'array') assert.ok(typeof schema.maxItems === 'number', at)
  }
})

test('every column shows a field that the schema has', () => {
  for (const kind of KINDS) {
    const schema = schemaOf(kind)
    for (const { jsonPath } of kind.columns ?? []) {
      const steps = jsonPath
        .replace(/\[\?.*?\]/, '[]')
        .split('.')
        .slice(1)
      const field = steps.reduce<JsonObject | undefined>((node, step) => {
        const found = (node?.properties as JsonObject | undefined)?.[step.replace('[]', '')] as JsonObject | undefined
        return step.endsWith('[]') ? (found?.items as JsonObject | undefined) : found
      }, schema)
      assert.ok(field?.type !== undefined, `${kind.kind} ${jsonPath}`)
    }
  }
})

test('every kind that people write says whether it is in force, and what Sluice alone writes says nothing', () => {
  const told = KINDS.filter(({ columns = [] }) => columns.some(({ name }) => name === 'Ready')).map(({ kind }) => kind)
  const reporting = KINDS.filter(kind => nodesOf(schemaOf(kind), '').some(({ at }) => at === '.status.conditions[]'))
  assert.deepEqual(
    told,
    reporting.map(({ kind }) => kind),
  )
  assert.deepEqual(
    KINDS.map(({ kind }) => kind).filter(kind => !told.includes(kind)),
    ['GpuUsage', 'QuotaLedger'],
  )
})

test('the definition names its kind, its scope and its one version', () => {
  const [policy] = KINDS.filter(({ kind }) => kind === 'GpuPolicy')
  assert.ok(policy !== undefined)
  const { metadata, spec } = customResourceDefinition(policy) as unknown as {
    readonly metadata: JsonObject
    readonly spec: JsonObject
  }
  assert.equal(metadata.name, 'gpupolicies.sluice.dev')
  assert.deepEqual(spec.names, {
    kind: 'GpuPolicy',
    listKind: 'GpuPolicyList',
    plural: 'gpupolicies',
    singular: 'gpupolicy',
    categories: ['sluice'],
  })
  assert.equal(spec.scope, 'Cluster')
})
