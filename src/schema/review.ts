import Type from 'typebox'
import type { JsonObject, ReadonlyStatic } from './parts.ts'
import { parserOf } from './validator.ts'

const groupVersionKind = Type.Object({ group: Type.String(), version: Type.String(), kind: Type.String() })
const groupVersionResource = Type.Object({ group: Type.String(), version: Type.String(), resource: Type.String() })
const nullableObject = Type.Unsafe<JsonObject | null>({ type: ['object', 'null'] })

const request = Type.Object({
  uid: Type.String({ minLength: 1, maxLength: 256 }),
  kind: groupVersionKind,
  resource: groupVersionResource,
  subResource: Type.Optional(Type.String()),
  requestKind: Type.Optional(groupVersionKind),
  requestResource: Type.Optional(groupVersionResource),
  requestSubResource: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  namespace: Type.Optional(Type.String()),
  operation: Type.Unsafe<'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'>({
    type: 'string',
    enum: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
  }),
  userInfo: Type.Optional(
    Type.Object({
      username: Type.Optional(Type.String()),
      uid: Type.Optional(Type.String()),
      groups: Type.Optional(Type.Array(Type.String())),
    }),
  ),
  object: Type.Optional(nullableObject),
  oldObject: Type.Optional(nullableObject),
  dryRun: Type.Optional(Type.Unsafe<boolean | null>({ type: ['boolean', 'null'] })),
  options: Type.Optional(nullableObject),
})

const review = Type.Object({
  apiVersion: Type.Unsafe<'admission.k8s.io/v1'>({ type: 'string', enum: ['admission.k8s.io/v1'] }),
  kind: Type.Unsafe<'AdmissionReview'>({ type: 'string', enum: ['AdmissionReview'] }),
  request,
})

export type AdmissionRequest = ReadonlyStatic<typeof request>

type PodRequestParts = Pick<AdmissionRequest, 'uid' | 'namespace' | 'userInfo'> & { readonly object: JsonObject }

/** The request that a pod's review would carry, for those who judge pods that no API server has sent. */
export function podRequest(parts: PodRequestParts, operation: 'CREATE' | 'UPDATE' = 'CREATE'): AdmissionRequest {
  const kind = { group: '', version: 'v1', kind: 'Pod' }
  const resource = { group: '', version: 'v1', resource: 'pods' }
  return { kind, resource, operation, ...parts }
}

/** Reads an AdmissionReview of `admission.k8s.io/v1`, the only version the webhooks register for. */
export const parseReview = parserOf(review)
