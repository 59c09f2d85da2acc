/** Every name a log line may carry, with its meaning. A name that is not here is not written. */
import type { ContextField, Decision } from '../admission/endpoint.ts'

export type FieldName = keyof Decision | ContextField

export const FIELDS: Readonly<Record<FieldName, string>> = {
  address: 'host and port that is listened on or called',
  attempt: 'how many times it was tried',
  codes: 'codes of all violations, worst first (SLU-…)',
  count: 'how many',
  demand: 'milli-GPUs by accelerator class',
  dryRun: 'the caller asked for no effect',
  durationMs: 'time taken, in milliseconds',
  expires: 'when it stops being valid',
  file: 'path of a file or folder',
  input: 'a part of all that something wrong was made from: JSON, gzipped, in base64',
  kind: 'kind of the reviewed object',
  name: 'name of the reviewed object; empty when it is generated later',
  namespace: 'namespace of the request',
  object: 'kind and name of another object',
  operation: 'CREATE, UPDATE, DELETE or CONNECT',
  part: 'which one of how many lines, such as 2/3',
  patchOps: 'operations in the patch that was answered',
  path: 'path of an HTTP request',
  policies: 'policies that changed or judged the object',
  policy: 'one policy',
  reason: 'why, in words',
  resourceVersion: 'version of an object in the cluster',
  signal: 'the signal that was received',
  status: 'HTTP status',
  tenant: 'tenant of the namespace',
  tier: 'reserved, shared or burst',
  tree: 'root cohort of a quota tree',
  uid: 'request.uid of the review',
  user: 'who sent the request',
  verdict: 'allowed, denied, not-gpu, exempt or error',
  version: 'version of Sluice',
  webhook: 'mutate, validate, guard or advise',
}

export const FIELD_NAMES: readonly FieldName[] = (Object.keys(FIELDS) as FieldName[]).sort()
