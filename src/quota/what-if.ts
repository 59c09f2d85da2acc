/** What would change if the quotas did: two compiled quotas held against the same charges. */
import { add, ZERO } from '../quantity/amount.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import { type Books, openBooks } from './books.ts'
import type { Charge } from './ledger.ts'
import { type Orphan, type Oversubscription, oversubscriptionsOf, type Standing, standingsOf } from './standing.ts'
import type { Quotas } from './tiers.ts'

/** One tenant in one class and tier, whose standing is not what it was. */
export interface StandingChange {
  readonly tenant: string
  readonly class: string
  readonly tier: Tier
  /** Null where there is no such tenant, or no such class in its quota and none in use. */
  readonly before: Standing | null
  readonly after: Standing | null
}

export interface Excess {
  /** Null where it was within its limits. */
  readonly before: Oversubscription | null
  readonly after: Oversubscription
}

/** A namespace that would belong to another tenant, or to none. Pods that run keep the tenant they were charged to. */
export interface NamespaceMove {
  readonly namespace: string
  readonly before: string | null
  readonly after: string | null
}

export interface WhatIf {
  readonly books: { readonly before: Books; readonly after: Books }
  /** By tenant, class and tier: whatever is not as it was. */
  readonly changed: readonly StandingChange[]
  /** Of these, the standings that would be over their limits by more than they are. */
  readonly over: readonly (StandingChange & { readonly after: Standing })[]
  /** Cohorts and pools that would be oversubscribed by more than they are. */
  readonly oversubscribed: readonly Excess[]
  /** What tenants hold that would no longer be defined. */
  readonly orphans: readonly Orphan[]
  readonly moves: readonly NamespaceMove[]
}

/**
 * Compares two quotas under the same charges. A charge goes where its tenant goes, to another tree as well. Costs the size
 * of both trees and the number of charges.
 */
export function whatIf(before: Quotas, after: Quotas, charges: readonly Charge[]): WhatIf {
  const books = { before: openBooks(before, charges), after: openBooks(after, charges, before) }
  const changed = changedStandings(books.before, books.after)
  return {
    books,
    changed,
    over: changed.flatMap(change => {
      const { before, after } = change
      return after !== null && after.over > (before?.over ?? ZERO) ? [{ ...change, after }] : []
    }),
    oversubscribed: excesses(books.before, books.after),
    orphans: orphans(before, after, charges),
    moves: namespaceMoves(before, after),
  }
}

/** Whether a change of quotas takes something from somebody who has it: what a pipeline stops at. */
export function isHarmless({ over, oversubscribed, orphans }: WhatIf): boolean {
  return over.length === 0 && oversubscribed.length === 0 && orphans.length === 0
}

function changedStandings(before: Books, after: Books): readonly StandingChange[] {
  const [former, future] = [standingsByPlace(before), standingsByPlace(after)]
  return [...new Set([...former.keys(), ...future.keys()])]
    .toSorted()
    .flatMap(place => changeAt(former.get(place) ?? null, future.get(place) ?? null))
}

// Sorted as text, places come tenant by tenant, class by class, and in the order of tiers.
function standingsByPlace(books: Books): ReadonlyMap<string, Standing> {
  const all = [...books.values()].flatMap(standingsOf)
  return new Map(all.map(one => [[one.tenant, one.class, TIERS.indexOf(one.tier)].join(' '), one]))
}

function changeAt(before: Standing | null, after: Standing | null): readonly StandingChange[] {
  const any = before ?? after
  if (any === null || isSame(before, after)) return []
  return [{ tenant: any.tenant, class: any.class, tier: any.tier, before, after }]
}

function isSame(before: Standing | null, after: Standing | null): boolean {
  if (before === null || after === null) return before === after
  const fields = ['cohort', 'used', 'limit', 'available', 'over'] as const
  return fields.every(field => before[field] === after[field])
}

/** What is oversubscribed by more than it was. */
export function excesses(before: Books, after: Books): readonly Excess[] {
  const former = new Map([...before.values()].flatMap(oversubscriptionsOf).map(one => [placeOf(one), one]))
  return [...after.values()].flatMap(oversubscriptionsOf).flatMap(now => {
    const then = former.get(placeOf(now))
    const isWorse = then === undefined || now.used - now.limit > then.used - then.limit || now.stuck > then.stuck
    return isWorse ? [{ before: then ?? null, after: now }] : []
  })
}

function placeOf({ kind, cohort, class: key }: Oversubscription): string {
  return `${kind} ${cohort} ${key}`
}

/** What tenants hold that are no longer defined. */
export function orphans(before: Quotas, after: Quotas, charges: readonly Charge[]): readonly Orphan[] {
  const held = charges.filter(({ tenant }) => before.treeOfTenant.has(tenant) && !after.treeOfTenant.has(tenant))
  const parts = held.flatMap(({ tenant, tier, amounts }) => {
    return [...amounts].map(([key, used]): Orphan => ({ tenant, class: key, tier, used }))
  })
  const byPlace = Map.groupBy(parts, one => [one.tenant, one.class, TIERS.indexOf(one.tier)].join(' '))
  return [...byPlace.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, group]) => summed(group))
}

function summed(group: readonly Orphan[]): readonly Orphan[] {
  const [first, ...others] = group
  if (first === undefined) return []
  return [{ ...first, used: others.reduce((sum, { used }) => add(sum, used), first.used) }]
}

export function namespaceMoves(before: Quotas, after: Quotas): readonly NamespaceMove[] {
  const names = new Set([...before.tenantOfNamespace.keys(), ...after.tenantOfNamespace.keys()])
  return [...names]
    .toSorted()
    .map(namespace => ({
      namespace,
      before: before.tenantOfNamespace.get(namespace) ?? null,
      after: after.tenantOfNamespace.get(namespace) ?? null,
    }))
    .filter(({ before, after }) => before !== after)
}
