/** The quotas that the load competes for: one tree, three cohorts under a root, twelve tenants, two classes; every kind of limit. */

import type { Request } from '../../src/quota/decide.ts'
import { cohort, compiled, tenant } from '../../src/quota/testing.ts'
import { TIERS } from '../../src/schema/parts.ts'
import { type Oracle, oracleOf, type UseOf } from './oracle.ts'

export const TREE = 'org'
export const CLASSES = ['h100', 'a100'] as const

// In milli-GPUs: little enough that those who are busy fill it.
const SHARE = 1_200

const COHORTS = [
  cohort(TREE, { h100: { burst: 10 * SHARE }, a100: { burst: 5 * SHARE } }),
  cohort(
    'research',
    { h100: { shared: 60 * SHARE, burst: 10 * SHARE, lendingLimit: 120 * SHARE }, a100: { shared: 20 * SHARE } },
    TREE,
  ),
  cohort('serving', { h100: { shared: 30 * SHARE, borrowingLimit: 150 * SHARE }, a100: { burst: 10 * SHARE } }, TREE),
  cohort(
    'nightly',
    { h100: { burst: 5 * SHARE, borrowingLimit: 100 * SHARE }, a100: { burst: 5 * SHARE } },
    'research',
  ),
]

const HOMES = ['research', 'serving', 'nightly'] as const
const PER_HOME = 4

const TENANTS = HOMES.flatMap((home, at) =>
  Array.from({ length: PER_HOME }, (_, index) =>
    tenant(
      `${home}-${index}`,
      home,
      {
        h100: {
          reserved: (24 + 12 * index) * SHARE,
          sharedMax: index === 0 ? 20 * SHARE : null,
          burstLimit: index === 1 ? 40 * SHARE : null,
          lendingLimit: index === 2 ? 20 * SHARE : null,
          cap: index === 3 ? 90 * SHARE : null,
        },
        a100: { reserved: (8 + 2 * at) * SHARE, lendingLimit: index === 3 ? 0 : null },
      },
      index === 1 ? { tierOrder: ['burst', 'reserved', 'shared'] } : {},
    ),
  ),
)

export const QUOTAS = compiled(COHORTS, TENANTS)
export const TENANT_NAMES: readonly string[] = TENANTS.map(({ name }) => name)
export const ORACLE: Oracle = oracleOf(COHORTS, TENANTS)

/** The cap over all tiers, of a class, in milli-GPUs; without one it is infinite. */
export function capOf(tenantName: string, key: string): number {
  const cap = TENANTS.find(({ name }) => name === tenantName)?.classes.get(key)?.cap ?? null
  return cap === null ? Number.POSITIVE_INFINITY : Number(cap)
}

/** Whether somebody who asks for no gang would fit, tier by tier, when this is used. */
export function wouldFit(useOf: (key: string) => UseOf, { tenant: name, tier, demand }: Request): boolean {
  const tiers = tier === 'auto' ? TIERS : [tier]
  return tiers.some(each =>
    demand.entries().every(([key, value]) => {
      const use = useOf(key)
      const beside = each === 'burst' ? TIERS : (['reserved', 'shared'] as const)
      const held = beside.reduce((sum, other) => sum + use(name, other), 0)
      const isWithinCap = held + Number(value) <= capOf(name, key)
      return isWithinCap && Number(value) <= ORACLE.room(key, use, name, each)
    }),
  )
}
