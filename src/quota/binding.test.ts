/** Which limit binds, against brute force: every size is tried, and every limit is taken out of the documents in turn. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Amount, amount, ZERO } from '../quantity/amount.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import type { Book } from './book.ts'
import { decide } from './decide.ts'
import { type ClassAnswer, explain } from './explain.ts'
import { type Charge, charges, ledgerOf } from './ledger.ts'
import type { Limit } from './limits.ts'
import type { CohortClass, CohortSpec, TenantClass, TenantSpec } from './spec.ts'
import { bookOn, present, type Scenario, STAMP, someDemand, someScenario, tenantNamed } from './testing.ts'

test('what is available, and what could be, is what documents and charges say', () => {
  forEveryAnswer(({ scenario, standing, question, answer }) => {
    const room = roomIn(scenario, standing, question)
    assert.equal(answer.binding.room, room)
    assert.equal(answer.available, room > 0n ? room : 0n)
    assert.equal(answer.potential, roomIn(scenario, [], question))
  })
})

test('the limit that is named is one whose removal lets more through, unless no single one does', () => {
  forEveryAnswer(({ scenario, standing, question, answer }) => {
    const room = roomIn(scenario, standing, question)
    const isMoreWithout = (limits: readonly Removable[]) => {
      const relieved = limits.reduce((documents, { remove }) => remove(documents), scenario)
      return roomIn(relieved, standing, question) > room
    }
    const named = nameOf(answer.binding.limit)
    const way = limitsOnTheWay(scenario, question)
    const helping = [...way, ...lendingLimits(scenario, question.class)].filter(limit => isMoreWithout([limit]))
    const names = helping.map(({ name }) => name)
    if (names.length > 0) {
      assert.ok(names.includes(named), `${named} is named, and what helps is ${names.join(', ')}`)
      if (named.startsWith('nothing-idle'))
        assert.deepEqual(names.filter(isMereLimit), [], 'want of capacity is named last')
      return
    }
    // Several are equally tight. One of them is a limit that still lets no more through with all others of the way gone.
    const tightest = way.filter(limit => {
      const others = way.filter(other => other !== limit && isApart(other.name, limit.name))
      return !isMoreWithout(others)
    })
    assert.equal(named, tightest[0]?.name, 'the nearest of them is named')
    assert.equal(isMoreWithout(way), true, 'without any limit there is more')
  })
})

test('of several lending limits the one that hides most is named, with what it hides', () => {
  forEveryAnswer(({ scenario, standing, question, answer }) => {
    const { limit } = answer.binding
    if (limit.kind !== 'lending-limit') return
    const room = roomIn(scenario, standing, question)
    const hidden = lendingLimits(scenario, question.class)
      .filter(({ remove }) => roomIn(remove(scenario), standing, question) > room)
      .map(({ name }) => ({ name, amount: hiddenBy(scenario, standing, question, name) }))
    const own = present(
      hidden.find(({ name }) => name === nameOf(limit)),
      nameOf(limit),
    )
    assert.equal(limit.hidden, own.amount)
    assert.ok(hidden.every(other => other.amount <= own.amount))
  })
})

test('the largest size of a tier is the largest that is admitted there, limits per pod included', () => {
  fc.assert(
    fc.property(someState, fc.array(somePodLimits, { minLength: 1 }), ({ scenario, standing }, podLimits) => {
      const bounded = withPodLimits(scenario, podLimits)
      const [plain, book] = [bookOf(scenario, standing), bookOf(bounded, standing)]
      for (const { name, classes } of bounded.tenants) {
        const { tiers, largest } = explain(plain, tenantNamed(plain.quota, name), oneOfEach(name, classes))
        for (const { tier, classes: answers } of tiers) {
          for (const answer of answers) {
            assert.equal(answer.available, largestAdmitted(plain, name, tier, answer.class), `${name} ${tier}`)
            assert.equal(largest.get(answer.class)?.[tier], answer.available)
          }
        }
        const sizes = explain(book, tenantNamed(book.quota, name), oneOfEach(name, classes)).largest
        assert.deepEqual([...sizes.keys()], [...classes.keys()])
        for (const [key, size] of sizes) {
          for (const tier of TIERS)
            assert.equal(size[tier], largestAdmitted(book, name, tier, key), `${name} ${tier} ${key}`)
        }
      }
    }),
    { numRuns: 60 },
  )
})

test('a refusal is explained tier by tier: what falls short, by how much, and what stands in its way', () => {
  let refusals = 0
  fc.assert(
    fc.property(someState, someDemand, ({ scenario, standing }, demand) => {
      const book = bookOf(scenario, standing)
      for (const { name, classes } of scenario.tenants) {
        const allowed = new Map([...demand].filter(([key]) => classes.has(key)))
        const ask = { tenant: name, tier: 'auto' as const, demand: allowed }
        const { outcome } = decide(book, { ...ask, uid: 'next', namespace: 'n' }, STAMP)
        if (outcome.kind !== 'refused') continue
        refusals++
        const { tiers } = explain(book, tenantNamed(book.quota, name), ask)
        assert.deepEqual(
          tiers.map(({ tier }) => tier),
          outcome.tiers,
        )
        for (const { tier, fits, classes: answers } of tiers) {
          assert.equal(fits, false)
          const short = answers.filter(answer => !isAdmitted(book, name, tier, answer.class, answer.requested))
          assert.ok(short.length > 0)
          assert.deepEqual(
            answers.filter(answer => answer.short > ZERO),
            short,
          )
          for (const answer of short) assert.equal(answer.short + answer.available, answer.requested)
        }
      }
    }),
  )
  assert.ok(refusals > 0, 'the random states refuse something')
})

interface Question {
  readonly tenant: string
  readonly tier: Tier
  readonly class: string
}

interface Answered {
  readonly scenario: Scenario
  readonly standing: readonly Charge[]
  readonly question: Question
  readonly answer: ClassAnswer
}

const someHeld = fc.array(fc.record({ tenant: fc.nat(9), tier: fc.constantFrom(...TIERS), demand: someDemand }), {
  maxLength: 15,
})

const someCaps = fc.array(fc.option(fc.integer({ min: 0, max: 14 }), { freq: 2 }), { minLength: 1 })

/** Caps over all classes are left to their own tests: what they leave to one class depends on the others that are asked for. */
const someCappedScenario: fc.Arbitrary<Scenario> = fc
  .tuple(someScenario, someCaps)
  .map(([scenario, caps]) => withClassLimits(scenario, caps, cap => ({ cap: orNone(cap) })))

/** Quotas change under a ledger, so that they may be below what is in use, and tenants may be gone. */
const someState: fc.Arbitrary<{ readonly scenario: Scenario; readonly standing: readonly Charge[] }> = fc
  .tuple(someCappedScenario, someHeld, fc.option(someCappedScenario))
  .map(([former, held, changed]) => {
    const { ledger } = held.reduce(
      (book, { tenant: index, tier, demand }, at) => {
        const { name } = present(former.tenants[index % former.tenants.length], 'tenant')
        return decide(book, { uid: `${at}`, tenant: name, tier, demand, namespace: 'n' }, STAMP).book
      },
      bookOf(former, []),
    )
    return { scenario: changed ?? former, standing: [...charges(ledger)] }
  })

function forEveryAnswer(check: (answered: Answered) => void): void {
  fc.assert(
    fc.property(someState, ({ scenario, standing }) => {
      const book = bookOf(scenario, standing)
      for (const { name, classes } of scenario.tenants) {
        const { tiers } = explain(book, tenantNamed(book.quota, name), oneOfEach(name, classes))
        for (const { tier, classes: answers } of tiers) {
          for (const answer of answers) {
            check({ scenario, standing, question: { tenant: name, tier, class: answer.class }, answer })
          }
        }
      }
    }),
    { numRuns: 200 },
  )
}

function bookOf({ cohorts, tenants }: Scenario, standing: readonly Charge[]): Book {
  return bookOn(cohorts, tenants, 'c0', ledgerOf(standing))
}

function oneOfEach(tenant: string, classes: TenantSpec['classes']) {
  return { tenant, tier: 'auto' as const, demand: new Map([...classes.keys()].map(key => [key, amount(1)])) }
}

function isAdmitted(book: Book, tenant: string, tier: Tier, key: string, size: Amount): boolean {
  const pod = { uid: 'probe', tenant, tier, demand: new Map([[key, size]]), namespace: 'n' }
  return decide(book, pod, STAMP).outcome.kind === 'charged'
}

// More than any random scenario has in all.
const ENOUGH = 100

function largestAdmitted(book: Book, tenant: string, tier: Tier, key: string): Amount {
  const sizes = Array.from({ length: ENOUGH }, (_, size) => amount(size))
  return sizes.findLast(size => isAdmitted(book, tenant, tier, key, size)) ?? ZERO
}

const somePodLimits = fc.record({
  perPodMin: fc.option(fc.integer({ min: 0, max: 4 })),
  perPodMax: fc.option(fc.integer({ min: 4, max: 8 })),
})

function withPodLimits(
  scenario: Scenario,
  limits: readonly { readonly perPodMin: number | null; readonly perPodMax: number | null }[],
): Scenario {
  return withClassLimits(scenario, limits, limit => {
    return { perPodMin: orNone(limit?.perPodMin), perPodMax: orNone(limit?.perPodMax) }
  })
}

function orNone(size: number | null | undefined): Amount | null {
  return size === null || size === undefined ? null : amount(size)
}

/** The scenario with some limits of the classes of its tenants replaced, one after the other. */
function withClassLimits<T>(
  { cohorts, tenants }: Scenario,
  limits: readonly T[],
  change: (limit: T | undefined) => Partial<TenantClass>,
): Scenario {
  let next = 0
  const bounded = (found: TenantClass): TenantClass => ({ ...found, ...change(limits[next++ % limits.length]) })
  return {
    cohorts,
    tenants: tenants.map(tenant => ({
      ...tenant,
      classes: new Map([...tenant.classes].map(([key, found]) => [key, bounded(found)])),
    })),
  }
}

/** A limit as the documents have it, and the documents without it. */
interface Removable {
  readonly name: string
  readonly remove: (scenario: Scenario) => Scenario
}

/** From the tenant's own limit to the root. */
function limitsOnTheWay({ cohorts, tenants }: Scenario, { tenant, tier, class: key }: Question): readonly Removable[] {
  const { cohort: home, classes } = found(tenants, tenant)
  const more = (value: Amount) => amount(value + BigInt(ENOUGH))
  const isCapped = (classes.get(key)?.cap ?? null) !== null
  const caps = isCapped ? [{ name: `cap ${tenant}`, remove: ofTenant(tenant, key, () => ({ cap: null })) }] : []
  const own = {
    reserved: { name: `reserved ${tenant}`, remove: ofTenant(tenant, key, at => ({ reserved: more(at.reserved) })) },
    shared: { name: `shared-max ${tenant}`, remove: ofTenant(tenant, key, () => ({ sharedMax: null })) },
    burst: { name: `burst-limit ${tenant}`, remove: ofTenant(tenant, key, () => ({ burstLimit: null })) },
  }
  const pool = { name: `shared-pool ${home}`, remove: ofCohort(home, key, at => ({ shared: more(at.shared) })) }
  const borrowing = ancestors(cohorts, home)
    .filter(({ parent }) => parent !== null)
    .map(({ name }) => ({
      name: `borrowing-limit ${name}`,
      remove: ofCohort(name, key, () => ({ borrowingLimit: null })),
    }))
  const root = { name: 'nothing-idle c0', remove: ofCohort('c0', key, at => ({ burst: more(at.burst) })) }
  return [...caps, own[tier], ...(tier === 'shared' ? [pool] : []), ...borrowing, root]
}

function lendingLimits({ cohorts, tenants }: Scenario, key: string): readonly Removable[] {
  return [
    ...tenants.map(({ name }) => ({
      name: `lending-limit ${name}`,
      remove: ofTenant(name, key, () => ({ lendingLimit: null })),
    })),
    ...cohorts.map(({ name }) => ({
      name: `lending-limit ${name}`,
      remove: ofCohort(name, key, () => ({ lendingLimit: null })),
    })),
  ]
}

/** Whether it only keeps requests from capacity. To raise the others is to bring capacity. */
function isMereLimit(name: string): boolean {
  return !/^(reserved|shared-pool|nothing-idle) /.test(name)
}

/** A pool can only be taken away by making it larger, which the cohort above sees as well. */
function isApart(other: string, named: string): boolean {
  return !other.startsWith('shared-pool') || /^(shared-max|cap) /.test(named)
}

function ofTenant(name: string, key: string, change: (limits: TenantClass) => Partial<TenantClass>) {
  return ({ cohorts, tenants }: Scenario): Scenario => ({
    cohorts,
    tenants: tenants.map(tenant => {
      const limits = tenant.classes.get(key)
      if (tenant.name !== name || limits === undefined) return tenant
      return { ...tenant, classes: new Map([...tenant.classes, [key, { ...limits, ...change(limits) }]]) }
    }),
  })
}

const NO_CLASS: CohortClass = { capacity: ZERO, shared: ZERO, burst: ZERO, borrowingLimit: null, lendingLimit: null }

function ofCohort(name: string, key: string, change: (limits: CohortClass) => Partial<CohortClass>) {
  return ({ cohorts, tenants }: Scenario): Scenario => ({
    cohorts: cohorts.map(cohort => {
      const limits = cohort.classes.get(key) ?? NO_CLASS
      if (cohort.name !== name) return cohort
      return { ...cohort, classes: new Map([...cohort.classes, [key, { ...limits, ...change(limits) }]]) }
    }),
    tenants,
  })
}

function nameOf(limit: Limit): string {
  switch (limit.kind) {
    case 'reserved':
    case 'shared-max':
    case 'burst-limit':
    case 'cap':
      return `${limit.kind} ${limit.tenant}`
    case 'shared-pool':
    case 'borrowing-limit':
    case 'nothing-idle':
      return `${limit.kind} ${limit.cohort}`
    case 'lending-limit':
      return `${limit.kind} ${limit.owner.kind === 'tenant' ? limit.owner.tenant : limit.owner.cohort}`
  }
}

function roomIn(scenario: Scenario, standing: readonly Charge[], question: Question): bigint {
  const { tenant, tier, class: key } = question
  const { cap } = present(found(scenario.tenants, tenant).classes.get(key), `${key} of ${tenant}`)
  const room = roomInTree(scenario, standing, question)
  if (cap === null) return room
  const count = countOf(scenario, standing, key, tier === 'burst')
  const beside = TIERS.filter(each => each !== 'burst' || tier === 'burst')
  return smallest(
    room,
    beside.reduce((left, each) => left - count.heldBy(tenant, each), BigInt(cap)),
  )
}

function roomInTree(scenario: Scenario, standing: readonly Charge[], question: Question): bigint {
  const { tenant, tier, class: key } = question
  const { cohort, classes } = found(scenario.tenants, tenant)
  const limits = present(classes.get(key), `${key} of ${tenant}`)
  const count = countOf(scenario, standing, key, tier === 'burst')
  switch (tier) {
    case 'reserved':
      return count.roomOfReservation(tenant)
    case 'shared': {
      const left = count.poolOf(cohort) - count.heldIn(cohort, 'shared')
      const own = limits.sharedMax === null ? left : limits.sharedMax - count.heldBy(tenant, 'shared')
      return smallest(own, left, count.roomOf(cohort))
    }
    case 'burst': {
      const room = count.roomOf(cohort)
      return limits.burstLimit === null ? room : smallest(limits.burstLimit - count.heldBy(tenant, 'burst'), room)
    }
  }
}

function hiddenBy(
  scenario: Scenario,
  standing: readonly Charge[],
  { tier, class: key }: Question,
  name: string,
): bigint {
  const count = countOf(scenario, standing, key, tier === 'burst')
  const owner = name.slice('lending-limit '.length)
  return scenario.tenants.some(tenant => tenant.name === owner)
    ? count.hiddenByTenant(owner)
    : count.hiddenByCohort(owner)
}

/**
 * The oracle: Kueue's definitions of quota, use and availability (pkg/cache/scheduler/resource_node.go) in the words of our
 * documents, for one class, from scratch and top down. It knows neither nodes nor books.
 */
function countOf({ cohorts, tenants }: Scenario, standing: readonly Charge[], key: string, isBurstCounted: boolean) {
  const known = new Set(tenants.map(({ name }) => name))
  const counted = standing.filter(charge => isBurstCounted || (known.has(charge.tenant) && charge.tier !== 'burst'))
  const total = (of: readonly Charge[]) => sum(of.map(({ amounts }) => amounts.get(key) ?? 0n))
  const limits = (cohort: string) => found(cohorts, cohort).classes.get(key) ?? NO_CLASS
  const below = (cohort: string) => cohorts.filter(({ parent }) => parent === cohort).map(({ name }) => name)
  const members = (cohort: string) => tenants.filter(tenant => tenant.cohort === cohort).map(({ name }) => name)
  const heldBy = (tenant: string, tier: Tier) =>
    total(counted.filter(charge => charge.tenant === tenant && charge.tier === tier))
  const heldIn = (cohort: string, tier: Tier) => sum(members(cohort).map(tenant => heldBy(tenant, tier)))

  const reserved = (tenant: string) => found(tenants, tenant).classes.get(key)?.reserved ?? 0n
  const keptBy = (tenant: string) =>
    kept(reserved(tenant), found(tenants, tenant).classes.get(key)?.lendingLimit ?? null)
  const sizeOf = (cohort: string): bigint =>
    limits(cohort).shared +
    limits(cohort).burst +
    sum(members(cohort).map(tenant => reserved(tenant) - keptBy(tenant))) +
    sum(below(cohort).map(child => sizeOf(child) - keptIn(child)))
  const keptIn = (cohort: string) => kept(sizeOf(cohort), limits(cohort).lendingLimit)

  // The pods of tenants that are gone count at the root.
  const strangers = (cohort: string) =>
    found(cohorts, cohort).parent === null ? total(counted.filter(charge => !known.has(charge.tenant))) : 0n
  const useOf = (cohort: string): bigint =>
    strangers(cohort) +
    heldIn(cohort, 'shared') +
    heldIn(cohort, 'burst') +
    sum(members(cohort).map(tenant => positive(heldBy(tenant, 'reserved') - keptBy(tenant)))) +
    sum(below(cohort).map(child => positive(useOf(child) - keptIn(child))))

  const roomOf = (cohort: string): bigint => {
    const { parent } = found(cohorts, cohort)
    if (parent === null) return sizeOf(cohort) - useOf(cohort)
    return roomBelow(sizeOf(cohort), keptIn(cohort), useOf(cohort), limits(cohort).borrowingLimit, roomOf(parent))
  }
  return {
    heldBy,
    heldIn,
    roomOf,
    poolOf: (cohort: string) => limits(cohort).shared,
    roomOfReservation: (tenant: string) => {
      const use = heldBy(tenant, 'reserved')
      return roomBelow(reserved(tenant), keptBy(tenant), use, 0n, roomOf(found(tenants, tenant).cohort))
    },
    hiddenByTenant: (tenant: string) => keptBy(tenant) - heldBy(tenant, 'reserved'),
    hiddenByCohort: (cohort: string) => keptIn(cohort) - useOf(cohort),
  }
}

function roomBelow(size: bigint, kept: bigint, use: bigint, borrowingLimit: bigint | null, above: bigint): bigint {
  const stored = size - kept - positive(use - kept)
  return positive(kept - use) + (borrowingLimit === null ? above : smallest(stored + borrowingLimit, above))
}

function kept(size: bigint, lendingLimit: bigint | null): bigint {
  return lendingLimit === null ? 0n : positive(size - lendingLimit)
}

function ancestors(cohorts: readonly CohortSpec[], name: string): readonly CohortSpec[] {
  const cohort = found(cohorts, name)
  return cohort.parent === null ? [cohort] : [cohort, ...ancestors(cohorts, cohort.parent)]
}

function found<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  return present(
    all.find(one => one.name === name),
    name,
  )
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n)
}

function positive(value: bigint): bigint {
  return value > 0n ? value : 0n
}

function smallest(...values: readonly bigint[]): bigint {
  return values.reduce((least, value) => (value < least ? value : least))
}
