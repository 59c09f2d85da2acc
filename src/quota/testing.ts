/** What the tests of this folder share: short ways to write quotas down, and random ones. Amounts are plain integers. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Amount, amount } from '../quantity/amount.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import { type Book, openBook } from './book.ts'
import type { Request, Stamp } from './decide.ts'
import { type Charge, EMPTY_LEDGER, type Ledger } from './ledger.ts'
import type { NodeSpec, Quota } from './node-spec.ts'
import type { QuotaTree, Tenant } from './quota-tree.ts'
import type { PodView } from './recount.ts'
import type { CohortSpec, TenantSpec } from './spec.ts'
import { podTally, type SeenPod } from './tally.ts'
import { compileQuotas, type Quotas } from './tiers.ts'
import { buildForest, type Forest } from './tree.ts'
import type { Amounts } from './usage.ts'

type Numbers = Readonly<Record<string, number>>

export interface CohortNumbers {
  readonly capacity?: number
  readonly shared?: number
  readonly burst?: number
  readonly borrowingLimit?: number | null
  readonly lendingLimit?: number | null
}

export interface TenantNumbers {
  readonly reserved?: number
  readonly sharedMax?: number | null
  readonly burstLimit?: number | null
  readonly lendingLimit?: number | null
  readonly cap?: number | null
  readonly perPodMin?: number | null
  readonly perPodMax?: number | null
}

const ONE = { nanos: 1_000_000_000n }
const PLENTY = 1_000_000

export const STAMP: Stamp = { bookedBy: 'writer', expiresAtMs: 1000, holdUntilMs: 1000 }

export function amounts(plain: Numbers): Amounts {
  return mapped(plain, amount)
}

export function cohort(
  name: string,
  classes: Readonly<Record<string, CohortNumbers>>,
  parent: string | null = null,
): CohortSpec {
  return {
    name,
    parent,
    weight: ONE,
    classes: mapped(classes, numbers => ({
      capacity: amount(numbers.capacity ?? PLENTY),
      shared: amount(numbers.shared ?? 0),
      burst: amount(numbers.burst ?? 0),
      borrowingLimit: limit(numbers.borrowingLimit),
      lendingLimit: limit(numbers.lendingLimit),
    })),
  }
}

export function tenant(
  name: string,
  inCohort: string,
  classes: Readonly<Record<string, TenantNumbers>>,
  more: Partial<TenantSpec> = {},
): TenantSpec {
  return {
    name,
    cohort: inCohort,
    namespaces: [name],
    weight: ONE,
    tierOrder: TIERS,
    enforcement: 'Enforce',
    cap: null,
    trustedQueues: [],
    classes: mapped(classes, numbers => ({
      reserved: amount(numbers.reserved ?? 0),
      sharedMax: limit(numbers.sharedMax),
      burstLimit: limit(numbers.burstLimit),
      lendingLimit: limit(numbers.lendingLimit),
      cap: limit(numbers.cap),
      perPodMin: limit(numbers.perPodMin),
      perPodMax: limit(numbers.perPodMax),
    })),
    ...more,
  }
}

export function request(
  uid: string,
  ofTenant: string,
  demand: Numbers,
  tier: Tier | 'auto' = 'auto',
  namespace = ofTenant,
): Request {
  return { uid, tenant: ofTenant, tier, demand: amounts(demand), namespace }
}

/** A charge of tenant `t`: two `a`, reserved. */
export function booked(uid: string, more: Partial<Charge> = {}): Charge {
  return {
    uid,
    tenant: 't',
    tier: 'reserved',
    amounts: amounts({ a: 2 }),
    gang: null,
    expiresAtMs: 100,
    bookedBy: 'writer',
    ...more,
  }
}

/** What a leader says who has seen these pods come and those go. */
export function viewOf({
  live = [],
  gone = [],
  position = 1,
  asOfMs = 0,
}: {
  readonly live?: readonly SeenPod[]
  readonly gone?: readonly string[]
  readonly position?: number
  readonly asOfMs?: number
}): PodView {
  const tally = podTally()
  for (const pod of live) tally.seen(pod, BigInt(position))
  for (const uid of gone) tally.gone(uid, BigInt(position))
  return { ...tally.view(asOfMs), position: BigInt(position) }
}

export function compiled(cohorts: readonly CohortSpec[], tenants: readonly TenantSpec[]): Quotas {
  const result = compileQuotas(cohorts, tenants)
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.errors))
  return result.value
}

export function treeNamed(quotas: Quotas, name: string): QuotaTree {
  return present(quotas.trees.get(name), `tree ${name}`)
}

export function tenantNamed(quota: QuotaTree, name: string): Tenant {
  return present(quota.tenants.get(name), `tenant ${name}`)
}

export function forestOf(specs: readonly NodeSpec[]): Forest {
  const result = buildForest(specs)
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.issues))
  return result.value
}

export function present<T>(value: T | undefined, what: string): T {
  assert.ok(value !== undefined, `${what} is missing`)
  return value
}

/** The book of one tree of these quotas: an empty one, or that of a ledger. */
export function bookOn(
  cohorts: readonly CohortSpec[],
  tenants: readonly TenantSpec[],
  tree: string,
  ledger: Ledger = EMPTY_LEDGER,
): Book {
  return openBook(treeNamed(compiled(cohorts, tenants), tree), ledger)
}

/** A clock and timer that stand still until they are told to go on. */
export function manualClock() {
  let nowMs = 0
  const alarms = new Set<{ readonly atMs: number; readonly ring: () => void }>()
  return {
    now: () => nowMs,
    at(atMs: number, ring: () => void): () => void {
      const alarm = { atMs, ring }
      alarms.add(alarm)
      return () => alarms.delete(alarm)
    },
    advance(byMs: number): void {
      nowMs += byMs
      for (const alarm of [...alarms].filter(({ atMs }) => atMs <= nowMs)) {
        alarms.delete(alarm)
        alarm.ring()
      }
    },
    /** How many alarms are set: a caller that was answered must leave none behind. */
    pending: () => alarms.size,
  }
}

export const KEYS = ['a', 'b'] as const

const someLimit = (max: number) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 3, arbitrary: fc.integer({ min: 0, max }) })

const someQuota: fc.Arbitrary<Quota> = fc
  .record({ nominal: fc.integer({ min: 0, max: 12 }), borrowingLimit: someLimit(8), lendingLimit: someLimit(12) })
  .map(numbers => ({
    nominal: amount(numbers.nominal),
    borrowingLimit: limit(numbers.borrowingLimit),
    lendingLimit: limit(numbers.lendingLimit),
  }))

/** Nodes of one to three trees, parents before children, each with a quota for some of the keys. */
export const someNodes: fc.Arbitrary<readonly NodeSpec[]> = fc
  .array(
    fc.record({
      parent: fc.nat(30),
      isRoot: fc.integer({ min: 0, max: 5 }).map(n => n === 0),
      quotas: fc.dictionary(fc.constantFrom(...KEYS), someQuota, { noNullPrototype: true }),
    }),
    { minLength: 1, maxLength: 10 },
  )
  .map(drafts =>
    drafts.map(({ parent, isRoot, quotas }, index) => ({
      name: `n${index}`,
      parent: index === 0 || isRoot ? null : `n${parent % index}`,
      quotas: new Map(Object.entries(quotas)),
    })),
  )

export interface Scenario {
  readonly cohorts: readonly CohortSpec[]
  readonly tenants: readonly TenantSpec[]
}

const cohortNumbers = fc.record({
  shared: fc.integer({ min: 0, max: 8 }),
  burst: fc.integer({ min: 0, max: 6 }),
  borrowingLimit: someLimit(6),
  lendingLimit: someLimit(10),
})

const tenantNumbers = fc.record({
  reserved: fc.integer({ min: 0, max: 8 }),
  sharedMax: someLimit(8),
  burstLimit: someLimit(10),
  lendingLimit: someLimit(6),
})

const perClass = <T>(numbers: fc.Arbitrary<T>) =>
  fc.dictionary(fc.constantFrom(...KEYS), numbers, { noNullPrototype: true, minKeys: 1 })

const bothClasses = fc.record({ a: cohortNumbers, b: cohortNumbers })

/** One tree of one to three cohorts, and one to four tenants `t0`… somewhere in it. */
export const someScenario: fc.Arbitrary<Scenario> = fc
  .record({
    cohorts: fc.array(
      fc.record({ parent: fc.nat(9), classes: fc.oneof(bothClasses, bothClasses, perClass(cohortNumbers)) }),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
    tenants: fc.array(fc.record({ home: fc.nat(9), classes: perClass(tenantNumbers) }), { minLength: 1, maxLength: 4 }),
  })
  .map(({ cohorts, tenants }) => ({
    cohorts: cohorts.map(({ parent, classes }, index) =>
      cohort(`c${index}`, classes, index === 0 ? null : `c${parent % index}`),
    ),
    tenants: tenants.map(({ home, classes }, index) => {
      const at = home % cohorts.length
      return tenant(`t${index}`, `c${at}`, backed(classes, cohorts[at]?.classes ?? {}))
    }),
  }))

/** A tenant may use a class that its cohort says nothing about, but has none of it reserved: there is no capacity for that. */
function backed(
  classes: Readonly<Record<string, TenantNumbers>>,
  known: Readonly<Record<string, CohortNumbers>>,
): Readonly<Record<string, TenantNumbers>> {
  const entries = Object.entries(classes)
  return Object.fromEntries(
    entries.map(([key, numbers]) => [key, Object.hasOwn(known, key) ? numbers : { ...numbers, reserved: 0 }]),
  )
}

export const someDemand = fc
  .dictionary(fc.constantFrom(...KEYS), fc.integer({ min: 0, max: 6 }), { noNullPrototype: true, minKeys: 1 })
  .map(amounts)

function limit(value: number | null | undefined): Amount | null {
  return value === null || value === undefined ? null : amount(value)
}

function mapped<V, W>(plain: Readonly<Record<string, V>>, change: (value: V) => W): ReadonlyMap<string, W> {
  return new Map(Object.entries(plain).map(([key, value]) => [key, change(value)]))
}
