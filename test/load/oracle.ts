/**
 * The limits of a tree of quotas, worked out a second time: from the specs and not from the compiled tree, in plain numbers, by
 * recursion over everything whatever it costs. It shares no code with the engine it judges.
 *
 * The formulas are those that Kueue documents: subtree quota, the local part of it, what bubbles up, and what is available.
 */

import type { CohortSpec, TenantSpec } from '../../src/quota/spec.ts'
import type { Tier } from '../../src/schema/parts.ts'

/** What is used in one tier of one tenant, of one class, in milli-GPUs. */
export type UseOf = (tenant: string, tier: Tier) => number

export interface Oracle {
  readonly classes: readonly string[]
  /** Every limit that is passed by reserved and shared use, as if burst were not there; empty when all is well. */
  firmExcesses(key: string, use: UseOf): readonly string[]
  /** What a tenant may still take in a tier: reserved and shared as if burst were not there. Negative when a limit is passed. */
  room(key: string, use: UseOf, tenant: string, tier: Tier): number
  /** By how much all use together passes what the whole tree has; 0 when it does not. */
  oversubscription(key: string, use: UseOf): number
}

interface Place {
  readonly name: string
  readonly borrowingLimit: number
  /** Its own quota and what its children let it see. */
  readonly subtree: number
  /** What of that its parent never sees. */
  readonly local: number
  readonly children: readonly Place[]
  readonly leaf: Leaf | null
}

interface Leaf {
  readonly tenant: string
  readonly tier: Tier
}

interface Limits {
  readonly nominal?: bigint | undefined
  readonly borrowingLimit?: bigint | null | undefined
  readonly lendingLimit?: bigint | null | undefined
}

export function oracleOf(cohorts: readonly CohortSpec[], tenants: readonly TenantSpec[]): Oracle {
  const classes = [...new Set(cohorts.flatMap(({ classes: limits }) => [...limits.keys()]))]
  const trees = new Map(classes.map(key => [key, treeOf(key, cohorts, tenants)]))
  const treeFor = (key: string) => trees.get(key) ?? absent(key)
  return {
    classes,
    firmExcesses(key, use) {
      return excessesBelow(treeFor(key), null, firm(use))
    },
    room(key, use, tenant, tier) {
      const judged = tier === 'burst' ? use : firm(use)
      return roomBelow(treeFor(key), null, judged, { tenant, tier }) ?? absent(tenant)
    },
    oversubscription: (key, use) => Math.max(0, used(treeFor(key), use) - treeFor(key).subtree),
  }
}

function treeOf(key: string, cohorts: readonly CohortSpec[], tenants: readonly TenantSpec[]): Place {
  const root = cohorts.find(({ parent }) => parent === null) ?? absent('a root')
  return cohortPlace(root)

  function cohortPlace({ name, classes }: CohortSpec): Place {
    const limits = classes.get(key)
    const { borrowingLimit, lendingLimit } = limits ?? {}
    const own = tenants.filter(({ cohort }) => cohort === name)
    const shared = own.map(tenant => leafPlace(tenant, 'shared'))
    const pool = place(`the pool of ${name}`, { nominal: limits?.shared, borrowingLimit: 0n }, shared)
    const leaves = own.flatMap(tenant => [leafPlace(tenant, 'reserved'), leafPlace(tenant, 'burst')])
    const below = cohorts.filter(({ parent }) => parent === name).map(cohortPlace)
    return place(name, { nominal: limits?.burst, borrowingLimit, lendingLimit }, [pool, ...leaves, ...below])
  }

  function leafPlace({ name, classes }: TenantSpec, tier: Tier): Place {
    const limits = classes.get(key)
    const byTier = {
      reserved: { nominal: limits?.reserved, borrowingLimit: 0n, lendingLimit: limits?.lendingLimit },
      shared: { borrowingLimit: limits?.sharedMax },
      burst: { borrowingLimit: limits?.burstLimit },
    }
    return { ...place(`${tier} of ${name}`, byTier[tier], []), leaf: { tenant: name, tier } }
  }
}

function place(name: string, limits: Limits, children: readonly Place[]): Place {
  const subtree = Number(limits.nominal ?? 0) + sumOf(children, child => child.subtree - child.local)
  const local = Math.max(0, subtree - limitOf(limits.lendingLimit))
  return { name, borrowingLimit: limitOf(limits.borrowingLimit), subtree, local, children, leaf: null }
}

function limitOf(limit: bigint | null | undefined): number {
  return limit === null || limit === undefined ? Number.POSITIVE_INFINITY : Number(limit)
}

function used({ leaf, children }: Place, use: UseOf): number {
  if (leaf !== null) return use(leaf.tenant, leaf.tier)
  return sumOf(children, child => Math.max(0, used(child, use) - child.local))
}

/** `fromParent`: what is available there; null at the root. */
function available(at: Place, fromParent: number | null, use: UseOf): number {
  const inUse = used(at, use)
  if (fromParent === null) return at.subtree - inUse
  const stored = at.subtree - at.local
  const usedThere = Math.max(0, inUse - at.local)
  return Math.max(0, at.local - inUse) + Math.min(stored - usedThere + at.borrowingLimit, fromParent)
}

function excessesBelow(at: Place, fromParent: number | null, use: UseOf): readonly string[] {
  const room = available(at, fromParent, use)
  const here = room < 0 ? [`${at.name} is ${-room} over`] : []
  return [...here, ...at.children.flatMap(child => excessesBelow(child, room, use))]
}

function roomBelow(at: Place, fromParent: number | null, use: UseOf, leaf: Leaf): number | undefined {
  const room = available(at, fromParent, use)
  if (at.leaf?.tenant === leaf.tenant && at.leaf.tier === leaf.tier) return room
  return at.children.map(child => roomBelow(child, room, use, leaf)).find(found => found !== undefined)
}

function firm(use: UseOf): UseOf {
  return (tenant, tier) => (tier === 'burst' ? 0 : use(tenant, tier))
}

function sumOf<T>(all: readonly T[], amountOf: (one: T) => number): number {
  return all.reduce((sum, one) => sum + amountOf(one), 0)
}

function absent(what: string): never {
  throw new Error(`${what} is not in the tree`)
}
