/** What is held, added up by tenant, tier and class as plain numbers: the engine's own sums are what is being judged. */
import type { Tier } from '../../src/schema/parts.ts'
import type { UseOf } from './oracle.ts'

export interface Held {
  readonly tenant: string
  readonly tier: Tier
  readonly amounts: ReadonlyMap<string, bigint>
}

export interface UseTable {
  add(held: Held): void
  remove(held: Held): void
  of(key: string): UseOf
}

export function useTable(): UseTable {
  const sums = new Map<string, number>()
  const placeOf = (key: string, tenant: string, tier: Tier) => `${key} ${tier} ${tenant}`

  function change({ tenant, tier, amounts }: Held, sign: 1 | -1): void {
    for (const [key, value] of amounts) {
      const place = placeOf(key, tenant, tier)
      sums.set(place, (sums.get(place) ?? 0) + sign * Number(value))
    }
  }

  return {
    add: held => change(held, 1),
    remove: held => change(held, -1),
    of: key => (tenant, tier) => sums.get(placeOf(key, tenant, tier)) ?? 0,
  }
}

/** Two uses together. */
export function together(one: UseOf, other: UseOf): UseOf {
  return (tenant, tier) => one(tenant, tier) + other(tenant, tier)
}
