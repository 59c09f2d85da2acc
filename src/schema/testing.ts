/** Documents for tests, from the spec alone; one that does not parse fails the test. */
import assert from 'node:assert/strict'
import {
  type AcceleratorClassDocument,
  type CohortDocument,
  type FabricProfileDocument,
  type GpuPolicyDocument,
  parseDocument,
  type SluiceDocument,
  type TenantQuotaDocument,
} from './documents.ts'
import { API_VERSION } from './kind.ts'
import { formatIssue, type Parsed } from './parsed.ts'
import type { JsonObject } from './parts.ts'

/** The value of a parser that must succeed. */
export function parsedValue<T>(result: Parsed<T>): T {
  assert.ok(result.ok, result.ok ? '' : result.issues.map(formatIssue).join('\n'))
  return result.value
}

/** A document as a file holds it. */
export function written(kind: SluiceDocument['kind'], name: string, spec: JsonObject): JsonObject {
  return { apiVersion: API_VERSION, kind, metadata: { name }, spec }
}

function documentOf<K extends SluiceDocument['kind']>(kind: K, name: string, spec: JsonObject) {
  return parsedValue(parseDocument(written(kind, name, spec), name)) as Extract<SluiceDocument, { readonly kind: K }>
}

export function policyOf(spec: JsonObject, name = 'policy'): GpuPolicyDocument {
  return documentOf('GpuPolicy', name, spec)
}

export function profileOf(spec: JsonObject, name = 'profile'): FabricProfileDocument {
  return documentOf('FabricProfile', name, { platform: 'aws', traffic: 'nccl', sources: ['a page'], ...spec })
}

export function classOf(spec: JsonObject, name: string): AcceleratorClassDocument {
  return documentOf('AcceleratorClass', name, { vendor: 'nvidia', ...spec })
}

export function cohortOf(spec: JsonObject, name = 'cohort'): CohortDocument {
  return documentOf('Cohort', name, { classes: [], ...spec })
}

export function tenantOf(spec: JsonObject, name = 'tenant'): TenantQuotaDocument {
  return documentOf('TenantQuota', name, { cohort: 'cohort', classes: [], ...spec })
}
