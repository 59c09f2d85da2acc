/** The variable `request`: AdmissionRequest as expressions of Kubernetes see it, without uid and the objects. */
import { objectSchema, type TypedObject, typedObject } from './typed-object.ts'
import { toCel } from './value.ts'

const groupVersionKind = objectSchema('kubernetes.GroupVersionKind', {
  group: 'string',
  version: 'string',
  kind: 'string',
})

const groupVersionResource = objectSchema('kubernetes.GroupVersionResource', {
  group: 'string',
  version: 'string',
  resource: 'string',
})

const userInfo = objectSchema('kubernetes.UserInfo', {
  username: 'string',
  uid: 'string',
  groups: 'list<string>',
  extra: 'map<string, list<string>>',
})

export const requestSchema = objectSchema('kubernetes.AdmissionRequest', {
  kind: groupVersionKind,
  resource: groupVersionResource,
  subResource: 'string',
  requestKind: groupVersionKind,
  requestResource: groupVersionResource,
  requestSubResource: 'string',
  name: 'string',
  namespace: 'string',
  operation: 'string',
  userInfo,
  dryRun: 'bool',
  options: 'dyn',
})

/** The value of `request` from the request of an AdmissionReview. */
export function toRequest(json: unknown): TypedObject {
  return typedObject(requestSchema, toCel(json))
}
