import Type, { type TSchema } from 'typebox'
import { dnsName, opaque, stringMap } from './parts.ts'

export const API_GROUP = 'sluice.dev'
export const API_VERSION = 'sluice.dev/v1alpha1'

export interface KindDefinition<Spec extends TSchema = TSchema, Status extends TSchema = TSchema> {
  readonly kind: string
  readonly plural: string
  readonly scope: 'Cluster' | 'Namespaced'
  readonly description: string
  readonly spec: Spec
  /** Present where a controller writes a status. */
  readonly status?: Status
  /** What `kubectl get` shows of an object, between its name and its age. */
  readonly columns?: readonly PrinterColumn[]
}

export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'boolean' | 'date'
  readonly jsonPath: string
  readonly description: string
  /** Above 0: only with `-o wide`. */
  readonly priority?: number
}

/** A column that shows the status of a condition. */
export function conditionColumn(type: string, description: string): PrinterColumn {
  return { name: type, type: 'string', jsonPath: conditionPath(type, 'status'), description }
}

/** `Ready`, and with `-o wide` why it is so. */
export const READY_COLUMNS: readonly PrinterColumn[] = [
  conditionColumn('Ready', 'Whether it is in force.'),
  {
    name: 'Message',
    type: 'string',
    jsonPath: conditionPath('Ready', 'message'),
    description: 'Why it is in force or not.',
    priority: 1,
  },
]

function conditionPath(type: string, field: string): string {
  return `.status.conditions[?(@.type=="${type}")].${field}`
}

/** A document of one kind, with the fields of its metadata that Sluice reads. */
export interface Document<Spec> {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Metadata
  readonly spec: Spec
}

interface Metadata {
  readonly name: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export function defineKind<Spec extends TSchema>(definition: KindDefinition<Spec>): KindDefinition<Spec> {
  return definition
}

/** The whole document of a kind, as files hold it. Metadata stays open: the API server owns the rest of it. */
export function documentSchema(definition: KindDefinition): TSchema {
  return Type.Object(
    {
      apiVersion: Type.Unsafe<string>({ type: 'string', enum: [API_VERSION] }),
      kind: Type.Unsafe<string>({ type: 'string', enum: [definition.kind] }),
      metadata: Type.Object({
        name: dnsName('The name.'),
        namespace: Type.Optional(Type.String()),
        labels: Type.Optional(stringMap('Labels.')),
        annotations: Type.Optional(stringMap('Annotations.')),
      }),
      spec: definition.spec,
      // What is reported of a document is no part of it. A newer replica may report more than this one knows of.
      status: Type.Optional(opaque('What Sluice made of it.')),
    },
    { additionalProperties: false },
  )
}
