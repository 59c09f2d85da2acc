import Type, { type TSchema } from 'typebox'
import { dnsName, stringMap } from './parts.ts'

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
      ...(definition.status === undefined ? {} : { status: Type.Optional(definition.status) }),
    },
    { additionalProperties: false },
  )
}
