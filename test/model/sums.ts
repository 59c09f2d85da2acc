/** Plain addition: the checks must not trust the tree that they check. */

import { type Amount, subtract, ZERO } from '../../src/quantity/amount.ts'
import type { Claim } from '../../src/quota/claim.ts'
import { type Holding, type Part, partsOf } from '../../src/quota/holding.ts'
import { claims, type Ledger } from '../../src/quota/ledger.ts'
import { entries, type PersistentMap } from '../../src/quota/persistent-map.ts'
import { TIERS, type Tier } from '../../src/schema/parts.ts'
import { CLASS, type Limits } from './scenario.ts'

/** How much every tenant holds in every tier, in milli-GPUs. */
export interface Sums {
  of(tenant: string, tier: Tier): bigint
  inTier(tier: Tier): bigint
  readonly total: bigint
  readonly tenants: readonly string[]
}

export function sumsOf(parts: Iterable<Part>): Sums {
  const byTenant = new Map<string, Record<Tier, bigint>>()
  const inTier: Record<Tier, bigint> = { reserved: 0n, shared: 0n, burst: 0n }
  for (const { tenant, tier, amounts } of parts) {
    const amount = amounts.get(CLASS) ?? 0n
    const own = byTenant.get(tenant) ?? { reserved: 0n, shared: 0n, burst: 0n }
    byTenant.set(tenant, own)
    own[tier] += amount
    inTier[tier] += amount
  }
  return {
    of: (tenant, tier) => byTenant.get(tenant)?.[tier] ?? 0n,
    inTier: tier => inTier[tier],
    total: TIERS.reduce((sum, tier) => sum + inTier[tier], 0n),
    tenants: [...byTenant.keys()],
  }
}

// One version is looked at after many events.
const sumsOfVersions = new WeakMap<PersistentMap<Holding>, Sums>()

export function sumsHeld(held: PersistentMap<Holding>): Sums {
  const known = sumsOfVersions.get(held) ?? sumsOf(entries(held).flatMap(partsOf))
  sumsOfVersions.set(held, known)
  return known
}

/** What is held, less what is claimed for owners: that may stand on what others still use, and nobody uses it. */
export function sumsBesideClaims(ledger: Ledger): Sums {
  const owned = claims(ledger).filter(({ heldFor }) => heldFor.kind === 'owner')
  const negated = owned.map(claim => ({ ...claim, amounts: new Map([[CLASS, subtract(ZERO, claimedIn(claim))]]) }))
  return ledger.claims.size === 0
    ? sumsHeld(ledger.held)
    : sumsOf([...entries(ledger.held).flatMap(partsOf), ...negated])
}

function claimedIn({ amounts }: Claim): Amount {
  return amounts.get(CLASS) ?? ZERO
}

export function capacityOf({ reserved, shared, burst }: Limits): bigint {
  return BigInt(Object.values(reserved).reduce((sum, own) => sum + own, shared + burst))
}

/** The limit that is passed, if one is. What burst holds beyond what is idle can be taken back, so it passes none. */
export function passedLimit(limits: Limits, sums: Sums): string | undefined {
  for (const tenant of sums.tenants) {
    const [held, own] = [sums.of(tenant, 'reserved'), limits.reserved[tenant] ?? 0]
    if (held > BigInt(own)) return `${tenant} holds ${held} reserved of ${own}`
  }
  if (sums.inTier('shared') > BigInt(limits.shared)) return `${sums.inTier('shared')} are shared of ${limits.shared}`
  const capacity = capacityOf(limits)
  if (sums.inTier('burst') > capacity) return `burst holds ${sums.inTier('burst')} of ${capacity} in all`
  if (sums.total - capacity > sums.inTier('burst')) return 'more is oversubscribed than burst holds'
  return undefined
}

/** What one sum has that another lacks. */
export function shortfall(sums: Sums, needed: Sums): string | undefined {
  for (const tenant of needed.tenants) {
    for (const tier of TIERS) {
      const [has, needs] = [sums.of(tenant, tier), needed.of(tenant, tier)]
      if (has < needs) return `${has} ${tier} for ${tenant} instead of ${needs}`
    }
  }
  return undefined
}
