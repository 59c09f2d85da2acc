/** Whose capacity a burst charge stands on, for the warning that says so. */
import { type Amount, least, most, subtract, ZERO } from '../quantity/amount.ts'
import type { Book } from './book.ts'
import { censusOf, type Part } from './census.ts'
import { type Ask, decide } from './decide.ts'
import { type QuotaTree, roleAt, type Tenant, upwards } from './quota-tree.ts'
import { type Node, quotaAt } from './tree.ts'
import { used } from './usage.ts'

export type Lender =
  | { readonly kind: 'burst-pool'; readonly cohort: string; readonly amount: Amount }
  | { readonly kind: 'shared-pool'; readonly cohort: string; readonly amount: Amount }
  | { readonly kind: 'tenant'; readonly tenant: string; readonly amount: Amount }
  | { readonly kind: 'cohort'; readonly cohort: string; readonly amount: Amount }

/**
 * Capacity is not marked with its owner, so this is a reading, and a fixed one: first what the burst of others leaves of
 * the cohort's own burst pool, then its neighbours by how much they have idle, then the same one cohort further up. The
 * parts add up to the amount unless it is scattered over more neighbours than a census names.
 */
export function lendersOf(book: Book, tenant: Tenant, key: string, amount: Amount): readonly Lender[] {
  const lenders: Lender[] = []
  let rest = amount
  let ours = amount
  for (const node of upwards(tenant.cohort)) {
    if (rest <= ZERO) break
    const burst = burstAt(book, node, key)
    const pool = most(ZERO, subtract(quotaAt(node, key).nominal, most(ZERO, subtract(burst, ours))))
    for (const part of [{ node, amount: pool }, ...censusOf(book).lenders(node, key)]) {
      const share = least(rest, part.amount)
      if (share > ZERO) lenders.push(lender(book.quota, node, { node: part.node, amount: share }))
      rest = subtract(rest, share)
    }
    ours = burst
  }
  return lenders
}

// Nothing is stored of it, so neither name nor end of the charge means anything.
const SUPPOSED = { uid: '', namespace: '' }
const STAMP = { bookedBy: '', expiresAtMs: 0, holdUntilMs: 0 }

/** Whose capacity an ask would stand on if it were charged as burst now, by class; empty where it does not fit. */
export function supposedLenders(
  book: Book,
  tenant: Tenant,
  { demand, gang }: Ask,
): ReadonlyMap<string, readonly Lender[]> {
  const ask = { ...SUPPOSED, tenant: tenant.spec.name, tier: 'burst', demand, gang } as const
  const { outcome, book: after } = decide(book, ask, STAMP)
  if (outcome.kind !== 'charged') return new Map()
  return new Map([...outcome.charge.amounts].map(([key, amount]) => [key, lendersOf(after, tenant, key, amount)]))
}

/** The burst that reaches a node: both views hold the same reserved and shared use, so it is all they differ by. */
function burstAt(book: Book, node: Node, key: string): Amount {
  return subtract(used(book.total, node, key), used(book.firm, node, key))
}

function lender(quota: QuotaTree, cohort: Node, { node, amount }: Part): Lender {
  const role = roleAt(quota, node)
  switch (role.kind) {
    case 'tenant':
      return { kind: 'tenant', tenant: role.tenant, amount }
    case 'pool':
      return { kind: 'shared-pool', cohort: role.cohort, amount }
    case 'cohort':
      return { kind: node === cohort ? 'burst-pool' : 'cohort', cohort: role.cohort, amount }
  }
}
