/** What tenants hold, tier by tier and class by class. */
import { type Amount, add, least, most, subtract, ZERO } from '../quantity/amount.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import { emptyMap, find, insert, insertAll, type PersistentMap, without } from './persistent-map.ts'
import type { Amounts } from './usage.ts'

/** What one tenant holds; a class it holds nothing of is absent. */
export type Holding = Readonly<Record<Tier, Amounts>>

/** By tenant; one that holds nothing is absent. */
export type Holdings = PersistentMap<Holding>

export const NO_AMOUNTS: Amounts = new Map()
export const NOTHING_HELD: Holding = { reserved: NO_AMOUNTS, shared: NO_AMOUNTS, burst: NO_AMOUNTS }

/** What somebody holds in one tier. */
export interface Part {
  readonly tenant: string
  readonly tier: Tier
  readonly amounts: Amounts
}

export function emptyHoldings(): Holdings {
  return emptyMap()
}

export function partsOf([tenant, holding]: readonly [tenant: string, Holding]): readonly Part[] {
  return TIERS.map(tier => ({ tenant, tier, amounts: holding[tier] }))
}

export function holdMore(held: Holdings, part: Part): Holdings {
  return changed(held, part, add)
}

/** As `holdMore`, of many at once. */
export function holdMoreOf(held: Holdings, parts: Iterable<Part>): Holdings {
  const tenants = new Map<string, Record<Tier, Amounts>>()
  for (const { tenant, tier, amounts } of parts) {
    if (amounts.size === 0) continue
    const holding = tenants.get(tenant) ?? { ...holdingOf(held, tenant) }
    tenants.set(tenant, holding)
    holding[tier] = combined(holding[tier], amounts, add)
  }
  return insertAll(held, tenants)
}

export function holdLess(held: Holdings, part: Part): Holdings {
  return changed(held, part, subtract)
}

export function holdingOf(held: Holdings, tenant: string): Holding {
  return find(held, tenant) ?? NOTHING_HELD
}

function changed(
  held: Holdings,
  { tenant, tier, amounts }: Part,
  change: (held: Amount, amount: Amount) => Amount,
): Holdings {
  if (amounts.size === 0) return held
  const before = holdingOf(held, tenant)
  const after: Holding = { ...before, [tier]: combined(before[tier], amounts, change) }
  return TIERS.every(each => after[each].size === 0) ? without(held, tenant) : insert(held, tenant, after)
}

export function sum(a: Amounts, b: Amounts): Amounts {
  return combined(a, b, add)
}

export function difference(a: Amounts, b: Amounts): Amounts {
  return combined(a, b, subtract)
}

/** What of `a` is more than in `b`. */
export function excess(a: Amounts, b: Amounts): Amounts {
  return nonZero(mapped(a, (key, amount) => most(ZERO, subtract(amount, b.get(key) ?? ZERO))))
}

/** What both have, class by class. */
export function common(a: Amounts, b: Amounts): Amounts {
  return nonZero(mapped(a, (key, amount) => least(amount, b.get(key) ?? ZERO)))
}

/** The greater of the two, class by class. */
export function greater(a: Amounts, b: Amounts): Amounts {
  return combined(a, b, most)
}

export function nonZero(amounts: Amounts): Amounts {
  return amounts.values().every(amount => amount !== ZERO)
    ? amounts
    : new Map([...amounts].filter(([, amount]) => amount !== ZERO))
}

function combined(a: Amounts, b: Amounts, change: (a: Amount, b: Amount) => Amount): Amounts {
  const result = new Map(a)
  for (const [key, amount] of b) {
    const now = change(result.get(key) ?? ZERO, amount)
    if (now === ZERO) result.delete(key)
    else result.set(key, now)
  }
  return result
}

function mapped(amounts: Amounts, change: (key: string, amount: Amount) => Amount): Amounts {
  return new Map([...amounts].map(([key, amount]) => [key, change(key, amount)]))
}
