import { type AcceleratorClassSpec, acceleratorClass } from './accelerator-class.ts'
import { type CohortSpec, cohort } from './cohort.ts'
import { type FabricProfileSpec, fabricProfile } from './fabric-profile.ts'
import { type GpuPolicySpec, gpuPolicy } from './gpu-policy.ts'
import { API_GROUP, API_VERSION, type Document, documentSchema, type KindDefinition } from './kind.ts'
import { failed, type Parsed } from './parsed.ts'
import { type TenantQuotaSpec, tenantQuota } from './tenant-quota.ts'
import { gpuUsage, quotaLedger } from './usage.ts'
import { parserOf } from './validator.ts'

/** Every kind of the API, in the order of the reference page. */
export const KINDS: readonly KindDefinition[] = [
  acceleratorClass,
  cohort,
  tenantQuota,
  gpuPolicy,
  fabricProfile,
  gpuUsage,
  quotaLedger,
]

/** A document that people author, discriminated by kind. */
export type SluiceDocument =
  | AcceleratorClassDocument
  | CohortDocument
  | TenantQuotaDocument
  | GpuPolicyDocument
  | FabricProfileDocument

export type AcceleratorClassDocument = Document<AcceleratorClassSpec> & { readonly kind: 'AcceleratorClass' }
export type CohortDocument = Document<CohortSpec> & { readonly kind: 'Cohort' }
export type TenantQuotaDocument = Document<TenantQuotaSpec> & { readonly kind: 'TenantQuota' }
export type GpuPolicyDocument = Document<GpuPolicySpec> & { readonly kind: 'GpuPolicy' }
export type FabricProfileDocument = Document<FabricProfileSpec> & { readonly kind: 'FabricProfile' }

const AUTHORED = [acceleratorClass, cohort, tenantQuota, gpuPolicy, fabricProfile]

const parsers = new Map(AUTHORED.map(definition => [definition.kind, parserOf(documentSchema(definition))]))

export function isSluiceApi(apiVersion: unknown): boolean {
  return typeof apiVersion === 'string' && apiVersion.startsWith(`${API_GROUP}/`)
}

/** Reads one document of `sluice.dev`. `at` is where it stands, such as `quotas.yaml:12`. */
export function parseDocument(
  value: { readonly apiVersion?: unknown; readonly kind?: unknown },
  at: string,
): Parsed<SluiceDocument> {
  if (value.apiVersion !== API_VERSION) {
    return failed({
      at,
      problem: `apiVersion ${JSON.stringify(value.apiVersion)} is not served`,
      remedy: `use ${API_VERSION}`,
    })
  }
  const parser = typeof value.kind === 'string' ? parsers.get(value.kind) : undefined
  if (parser === undefined) {
    const known = [...parsers.keys()].join(', ')
    return failed({ at, problem: `kind ${JSON.stringify(value.kind)} is unknown`, remedy: `one of ${known}` })
  }
  return parser(value, at) as Parsed<SluiceDocument>
}
