/** The quotas of the quota benches: as many tenants as wanted, in one big tree or in many of about a hundred tenants each. */

import { type Book, openBook } from '../../src/quota/book.ts'
import { decide, type Request, type Stamp } from '../../src/quota/decide.ts'
import { EMPTY_LEDGER, type Ledger, ledgerOf } from '../../src/quota/ledger.ts'
import type { QuotaTree } from '../../src/quota/quota-tree.ts'
import { recount } from '../../src/quota/recount.ts'
import { cohort, compiled, present, request, tenant, viewOf } from '../../src/quota/testing.ts'
import type { Quotas } from '../../src/quota/tiers.ts'
import type { Tier } from '../../src/schema/parts.ts'

export type Shape = 'one tree' | 'many trees'

const GPU = 1000
const TENANTS_PER_COHORT = 10
const COHORTS_PER_DIVISION = 10

export const STAMP: Stamp = { bookedBy: 'replica-1', expiresAtMs: 1_800_000_000_000, holdUntilMs: 1_800_000_000_000 }

/** Root or division → cohort → pool → tenant. A division is a root of its own where there are many trees. */
export function benchQuotas(tenants: number, shape: Shape): Quotas {
  const cohorts = Math.ceil(tenants / TENANTS_PER_COHORT)
  const divisions = Math.ceil(cohorts / COHORTS_PER_DIVISION)
  const none = { h100: {}, a100: {} }
  const limits = {
    h100: { shared: 40 * GPU, burst: 20 * GPU, lendingLimit: 200 * GPU, borrowingLimit: 100 * GPU },
    a100: { shared: 10 * GPU },
  }
  return compiled(
    [
      ...(shape === 'one tree' ? [cohort('platform', none)] : []),
      ...range(divisions).map(at => cohort(`division-${at}`, none, shape === 'one tree' ? 'platform' : null)),
      ...range(cohorts).map(at => cohort(`cohort-${at}`, limits, `division-${Math.floor(at / COHORTS_PER_DIVISION)}`)),
    ],
    range(tenants).map(at =>
      tenant(tenantName(at), `cohort-${Math.floor(at / TENANTS_PER_COHORT)}`, {
        h100: { reserved: 16 * GPU, lendingLimit: at % 3 === 0 ? 8 * GPU : null },
        a100: { reserved: 4 * GPU, burstLimit: 8 * GPU },
      }),
    ),
  )
}

/** Every tenant uses half of its reservation, counted in the base; some charges of pods that are not counted stand beside it. */
export function usedBook(quota: QuotaTree, charges: number): Book {
  const names = [...quota.tenants.keys()]
  const live = names.map((name, at) => ({
    uid: uidOf(at),
    tenant: name,
    tier: 'reserved' as const,
    amounts: request('', name, { h100: 8 * GPU }).demand,
    gang: null,
  }))
  const counted = recount(EMPTY_LEDGER, viewOf({ live }))
  return openBook(quota, ledgerOf(bookedCharges(names, charges), [], counted.base))
}

export function bookedCharges(tenants: readonly string[], count: number, firstUid = 1_000_000) {
  return range(count).map(at => ({
    uid: uidOf(firstUid + at),
    tenant: tenants[at % tenants.length] ?? '',
    tier: 'reserved' as const,
    amounts: request('', '', { a100: 1 }).demand,
    gang: null,
    expiresAtMs: STAMP.expiresAtMs + (at % 60_000),
    bookedBy: `replica-${at % 3}`,
  }))
}

export function podOf(uid: number, ofTenant: string, gpus: number, tier: Tier | 'auto' = 'auto'): Request {
  return request(uidOf(uid), ofTenant, { h100: gpus * GPU }, tier)
}

/** As another replica would have it after so many more charges. */
export function ledgerAfter(book: Book, charges: number): Ledger {
  const names = [...book.quota.tenants.keys()]
  return range(charges).reduce(
    (at, index) => decide(at, podOf(9_000_000 + index, names[(index * 7) % names.length] ?? '', 1), STAMP).book,
    book,
  ).ledger
}

export function firstTree(quotas: Quotas): QuotaTree {
  return present([...quotas.trees.values()][0], 'a tree')
}

/** Looks like a UID of the API server, and spreads over all bits. */
export function uidOf(number: number): string {
  const hex = (seed: number) => (Math.imul(number + 1, seed) >>> 0).toString(16).padStart(8, '0')
  const all = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f].map(hex).join('')
  return [all.slice(0, 8), all.slice(8, 12), all.slice(12, 16), all.slice(16, 20), all.slice(20)].join('-')
}

export function tenantName(at: number): string {
  return `team-${String(at).padStart(5, '0')}`
}

export function range(length: number): readonly number[] {
  return Array.from({ length }, (_, at) => at)
}
