/**
 * A cluster in which nobody borrows: each tenant's burst is limited to its part, by weight, of its own cohort's burst pool. That is what
 * fixed quotas are, as a ResourceQuota has them, with the same reservations and pools.
 */
import type { Cluster } from '../admission/cluster.ts'
import type { PlacedObject } from '../admission/objects.ts'
import { type Amount, amount, formatGpus, ZERO } from '../quantity/amount.ts'
import type { Tenant } from '../quota/quota-tree.ts'
import { quotaAt } from '../quota/tree.ts'
import { isObject, type JsonObject, type JsonValue } from '../schema/parts.ts'

/** The TenantQuotas of a cluster with their burst limited, as a layer to put over its documents. */
export function fixedParts(cluster: Cluster, layers: readonly (readonly PlacedObject[])[]): readonly PlacedObject[] {
  const tenants = new Map([...cluster.quotas.trees.values()].flatMap(tree => [...tree.tenants]))
  const documents = layers.flat().filter(({ value }) => value.kind === 'TenantQuota')
  const effective = new Map(documents.map(document => [nameOf(document.value), document]))
  return [...effective].flatMap(([name, { at, value }]) => {
    const tenant = tenants.get(name)
    return tenant === undefined
      ? []
      : [{ at, value: limited(value, className => partOf(tenant, className, tenants.values())) }]
  })
}

/** Its part of the burst pool, or its own limit where that is less. */
function partOf(tenant: Tenant, className: string, all: Iterable<Tenant>): Amount {
  const own = tenant.spec.classes.get(className)?.burstLimit ?? null
  const sharers = [...all].filter(
    ({ cohort, spec }) =>
      cohort === tenant.cohort && spec.classes.get(className)?.burstLimit !== ZERO && spec.classes.has(className),
  )
  const weights = sharers.reduce((sum, { spec }) => sum + spec.weight.nanos, 0n)
  const pool = quotaAt(tenant.cohort, className).nominal
  const part = weights === 0n ? ZERO : amount((pool * tenant.spec.weight.nanos) / weights)
  return own !== null && own < part ? own : part
}

function limited(document: JsonObject, partOf: (className: string) => Amount): JsonObject {
  const { spec } = document
  if (!isObject(spec) || !Array.isArray(spec.classes)) return document
  const classes = spec.classes.map((entry: JsonValue) =>
    isObject(entry) ? withLimit(entry, partOf(String(entry.class))) : entry,
  )
  return { ...document, spec: { ...spec, classes } }
}

function withLimit(entry: JsonObject, part: Amount): JsonObject {
  return entry.burst === undefined ? entry : { ...entry, burst: { borrowingLimit: formatGpus(part) } }
}

function nameOf({ metadata }: JsonObject): string {
  return isObject(metadata) ? String(metadata.name) : ''
}
