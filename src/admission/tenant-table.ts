/** A table of no more entries than fit, shared by all tenants: whoever floods it pushes out its own first. */

export interface TenantTable<Entry> {
  get(key: string): Entry | undefined
  /** An entry of a key that is there takes its place in the order, unless it is another tenant's. */
  put(key: string, entry: Entry): void
  remove(key: string): void
  /** In the order in which their keys came. */
  entries(): Iterable<readonly [string, Entry]>
  /** By tenant, each in that order. */
  byTenant(): ReadonlyMap<string, readonly Entry[]>
  size(): number
}

export interface TableLimits {
  readonly inAll: number
  readonly ofTenant: number
}

interface TableOptions<Entry> {
  readonly tenantOf: (entry: Entry) => string
  readonly limits: TableLimits
  /** One had to go because the table, or the part of its tenant, was full. */
  readonly onDropped?: () => void
}

export function tenantTable<Entry>({ tenantOf, limits, onDropped }: TableOptions<Entry>): TenantTable<Entry> {
  const all = new Map<string, Entry>()
  const tenants = new Map<string, Map<string, Entry>>()

  function drop(oldest: ReadonlyMap<string, Entry>): void {
    const [key] = oldest.keys()
    if (key === undefined) return
    remove(key)
    onDropped?.()
  }

  function remove(key: string): void {
    const entry = all.get(key)
    if (entry === undefined) return
    all.delete(key)
    const tenant = tenantOf(entry)
    const own = tenants.get(tenant)
    own?.delete(key)
    if (own?.size === 0) tenants.delete(tenant)
  }

  return {
    get: key => all.get(key),
    put(key, entry) {
      const tenant = tenantOf(entry)
      const before = all.get(key)
      if (before !== undefined && tenantOf(before) !== tenant) remove(key)
      const own = tenants.get(tenant) ?? new Map<string, Entry>()
      tenants.set(tenant, own.set(key, entry))
      all.set(key, entry)
      if (own.size > limits.ofTenant) drop(own)
      else if (all.size > limits.inAll) drop(all)
    },
    remove,
    entries: () => all,
    byTenant: () => new Map([...tenants].map(([tenant, own]) => [tenant, [...own.values()]])),
    size: () => all.size,
  }
}
