import type { TSchema } from 'typebox'
import { API_GROUP, type KindDefinition, type PrinterColumn } from './kind.ts'
import type { JsonObject, JsonValue } from './parts.ts'

/** The CustomResourceDefinition of a kind. Its OpenAPI schema is the kind's own schema, within what a structural schema may hold. */
export function customResourceDefinition(definition: KindDefinition): JsonObject {
  const { kind, plural, scope, description, spec, status, columns = [] } = definition
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${API_GROUP}`, labels: { 'app.kubernetes.io/name': 'sluice' } },
    spec: {
      group: API_GROUP,
      scope,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), categories: ['sluice'] },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description,
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec: structural(spec),
                status: status === undefined ? anyStatus : structural(status),
              },
            },
          },
          subresources: { status: {} },
          additionalPrinterColumns: [...columns, AGE].map(column => ({ ...column })),
        },
      ],
    },
  }
}

// Whoever names columns of their own loses the one that kubectl shows by itself.
const AGE: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'How long it has been there.',
}

const anyStatus: JsonObject = {
  type: 'object',
  description: 'Written by Sluice.',
  'x-kubernetes-preserve-unknown-fields': true,
}

/**
 * A schema as a CRD may hold it. Unknown fields need no refusal there: the API server prunes them, so
 * `additionalProperties: false`, which a structural schema must not combine with `properties`, is left out.
 */
function structural(schema: TSchema): JsonValue {
  return convert(schema as unknown as JsonValue)
}

function convert(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(convert)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).filter(([key, field]) => !(key === 'additionalProperties' && field === false))
  const converted = Object.fromEntries(entries.map(([key, field]) => [key, convert(field)]))
  return converted['x-kubernetes-int-or-string'] === true ? intOrString(converted) : converted
}

// Kubernetes knows exactly this form of anyOf; what the branches demand moves up, where each demand reaches values of its type alone.
function intOrString(schema: JsonObject): JsonObject {
  const branches = Array.isArray(schema.anyOf) ? (schema.anyOf as readonly JsonObject[]) : []
  const demands = branches.flatMap(branch => Object.entries(branch).filter(([key]) => key !== 'type'))
  return {
    description: schema.description ?? '',
    'x-kubernetes-int-or-string': true,
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    ...Object.fromEntries(demands),
  }
}
