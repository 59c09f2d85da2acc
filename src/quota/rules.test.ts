/** The rules that always hold, on random cohorts, tenants, requests and releases. Each is counted by an independent oracle. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TIERS, type Tier } from '../schema/parts.ts'
import { type Book, openBook, reopenBook } from './book.ts'
import { amend } from './change.ts'
import { decide } from './decide.ts'
import { type Charge, charges, ledgerOf } from './ledger.ts'
import { bookOn, KEYS, present, type Scenario, STAMP, someDemand, someScenario } from './testing.ts'

interface Step {
  readonly tenant: number
  readonly tier: Tier | 'auto'
  readonly demand: ReadonlyMap<string, bigint>
  /** Release the n-th standing charge instead of asking. */
  readonly release: number | null
}

const someSteps = fc.array(
  fc.record({
    tenant: fc.nat(9),
    tier: fc.constantFrom('auto', 'burst', ...TIERS),
    demand: someDemand,
    release: fc.option(fc.nat(20), { freq: 4 }),
  }),
  { maxLength: 40 },
)

test('no limit is ever passed, and what is oversubscribed is at most what burst holds', () => {
  forEveryState(({ scenario, book }) => {
    const tally = tallyOf(scenario, [...charges(book.ledger)])
    for (const key of KEYS) {
      for (const tenant of scenario.tenants) {
        const limits = tenant.classes.get(key)
        const use = (tier: Tier) => tally.heldBy(tenant.name, tier, key)
        assert.ok(use('reserved') <= (limits?.reserved ?? 0n), `${tenant.name} reserved ${key}`)
        if (limits?.sharedMax != null) assert.ok(use('shared') <= limits.sharedMax, `${tenant.name} shared ${key}`)
        if (limits?.burstLimit != null) assert.ok(use('burst') <= limits.burstLimit, `${tenant.name} burst ${key}`)
      }
      for (const cohort of scenario.cohorts) {
        assert.ok(
          tally.sharedIn(cohort.name, key) <= tally.quota(cohort.name, key).shared,
          `${cohort.name} pool ${key}`,
        )
        assert.ok(tally.excess(cohort.name, key, 'firm') <= 0n, `${cohort.name} ${key}: entitled use alone is too much`)
        assert.ok(
          tally.excess(cohort.name, key, 'total') <= tally.burstUnder(cohort.name, key),
          `${cohort.name} ${key}: more is oversubscribed than burst could give back`,
        )
      }
    }
  })
})

test('what is entitled is admitted whatever burst holds', () => {
  forEveryState(({ scenario, book }, pods) => {
    const withoutBurst = [...charges(book.ledger)].filter(({ tier }) => tier !== 'burst')
    const tally = tallyOf(scenario, withoutBurst)
    for (const { tenant: index, demand } of pods) {
      const tenant = present(scenario.tenants[index % scenario.tenants.length], 'tenant')
      if ([...demand.keys()].some(key => !tenant.classes.has(key))) continue
      const isEntitled = (tier: 'reserved' | 'shared') =>
        [...demand].every(([key, amount]) => tally.isEntitled(tenant.name, tier, key, amount))
      for (const tier of ['reserved', 'shared'] as const) {
        const outcome = decide(book, podOf(tenant.name, tier, demand, 'next'), STAMP).outcome
        assert.equal(outcome.kind, isEntitled(tier) ? 'charged' : 'refused', `${tenant.name} ${tier}`)
      }
    }
  })
})

test('burst is admitted only into what is idle: it never oversubscribes a cohort any further', () => {
  forEveryState(({ scenario, book }, pods) => {
    const excesses = (of: Book) => {
      const tally = tallyOf(scenario, [...charges(of.ledger)])
      return scenario.cohorts.map(({ name }) => KEYS.map(key => tally.excess(name, key, 'total')))
    }
    const before = excesses(book)
    for (const { tenant: index, demand } of pods) {
      const tenant = present(scenario.tenants[index % scenario.tenants.length], 'tenant')
      const decided = decide(book, podOf(tenant.name, 'burst', demand, 'next'), STAMP)
      if (decided.outcome.kind !== 'charged') continue
      for (const [at, excess] of excesses(decided.book).entries()) {
        for (const [keyAt, now] of excess.entries()) {
          const former = present(before[at]?.[keyAt], 'excess')
          assert.ok(now <= 0n || now <= former, `cohort ${at}: ${former} became ${now}`)
        }
      }
    }
  })
})

test('a book that was changed step by step is the book of its ledger', () => {
  forEveryState(({ book }) => {
    const opened = openBook(book.quota, book.ledger)
    for (const view of ['firm', 'total'] as const) assert.deepEqual(columns(book, view), columns(opened, view))
  })
})

test('a book that caught up with another version of its ledger is the book of that version', () => {
  fc.assert(
    fc.property(someScenario, someSteps, someSteps, fc.boolean(), (scenario, steps, more, isDecoded) => {
      const empty = bookOn(scenario.cohorts, scenario.tenants, 'c0')
      const before = steps.reduce((book, step, index) => next(scenario, book, step, `pod-${index}`), empty)
      const after = more.reduce((book, step, index) => next(scenario, book, step, `more-${index}`), before)
      // A ledger from elsewhere shares nothing with ours, however alike the two are.
      const ledger = isDecoded ? ledgerOf(charges(after.ledger)) : after.ledger
      for (const [from, to] of [
        [before, ledger],
        [after, before.ledger],
        [empty, ledger],
      ] as const) {
        const reopened = reopenBook(from, to)
        const opened = openBook(from.quota, to)
        assert.equal(reopened.ledger, to)
        for (const view of ['firm', 'total'] as const) assert.deepEqual(columns(reopened, view), columns(opened, view))
      }
    }),
  )
})

/** Plays random requests and releases, and checks every state on the way. */
function forEveryState(check: (state: { scenario: Scenario; book: Book }, steps: readonly Step[]) => void): void {
  fc.assert(
    fc.property(
      someScenario,
      someSteps,
      fc.array(fc.record({ tenant: fc.nat(9), demand: someDemand }), { maxLength: 4 }),
      (scenario, steps, probes) => {
        let book = bookOn(scenario.cohorts, scenario.tenants, 'c0')
        const pods = probes.map(probe => ({ ...probe, tier: 'auto' as const, release: null }))
        for (const [index, step] of steps.entries()) {
          book = next(scenario, book, step, `pod-${index}`)
          check({ scenario, book }, pods)
        }
      },
    ),
  )
}

function next(scenario: Scenario, book: Book, step: Step, uid: string): Book {
  const standing = [...charges(book.ledger)].toSorted((a, b) => (a.uid < b.uid ? -1 : 1))
  const released = step.release === null ? undefined : standing[step.release]
  if (released !== undefined) return amend(book, { kind: 'release', uid: released.uid })
  const tenant = present(scenario.tenants[step.tenant % scenario.tenants.length], 'tenant')
  return decide(book, podOf(tenant.name, step.tier, step.demand, uid), STAMP).book
}

function podOf(tenant: string, tier: Tier | 'auto', demand: Step['demand'], uid: string) {
  return { uid, tenant, tier, demand: demand as Charge['amounts'], namespace: 'n', name: uid }
}

function columns(book: Book, view: 'firm' | 'total') {
  return KEYS.map(key => book[view].byKey.get(key)?.rows.flat().slice(0, book.quota.tree.nodes.length) ?? []).map(
    column => (column.every(value => value === 0n) ? [] : column),
  )
}

/**
 * The oracle: the books of a scenario in its own words, tiers and cohorts, recounted from the list of charges. It knows
 * nothing of nodes and shares no code with the engine.
 */
function tallyOf({ cohorts, tenants }: Scenario, standing: readonly Charge[]) {
  type View = 'firm' | 'total'
  const none = { shared: 0n, burst: 0n, borrowingLimit: null, lendingLimit: null }
  const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n)
  const positive = (value: bigint) => (value > 0n ? value : 0n)
  const hidden = (quota: bigint, lendingLimit: bigint | null) =>
    lendingLimit === null ? 0n : positive(quota - lendingLimit)

  const quota = (cohort: string, key: string) => cohorts.find(one => one.name === cohort)?.classes.get(key) ?? none
  const below = (cohort: string) => cohorts.filter(one => one.parent === cohort).map(one => one.name)
  const members = (cohort: string) => tenants.filter(one => one.cohort === cohort)
  const heldBy = (tenant: string, tier: Tier, key: string) =>
    sum(standing.filter(one => one.tenant === tenant && one.tier === tier).map(one => one.amounts.get(key) ?? 0n))
  const heldIn = (cohort: string, tier: Tier, key: string) =>
    sum(members(cohort).map(({ name }) => heldBy(name, tier, key)))

  const ownReserved = (tenant: string, key: string) => {
    const limits = tenants.find(one => one.name === tenant)?.classes.get(key)
    return { reserved: limits?.reserved ?? 0n, kept: hidden(limits?.reserved ?? 0n, limits?.lendingLimit ?? null) }
  }
  const capacity = (cohort: string, key: string): bigint => {
    const { shared, burst } = quota(cohort, key)
    const lentByTenants = members(cohort).map(({ name }) => {
      const { reserved, kept } = ownReserved(name, key)
      return reserved - kept
    })
    return shared + burst + sum(lentByTenants) + sum(below(cohort).map(one => capacity(one, key) - keptBy(one, key)))
  }
  const keptBy = (cohort: string, key: string) => hidden(capacity(cohort, key), quota(cohort, key).lendingLimit)
  const use = (cohort: string, key: string, view: View): bigint => {
    const reserved = members(cohort).map(({ name }) =>
      positive(heldBy(name, 'reserved', key) - ownReserved(name, key).kept),
    )
    const burst = view === 'total' ? heldIn(cohort, 'burst', key) : 0n
    const fromBelow = below(cohort).map(one => positive(use(one, key, view) - keptBy(one, key)))
    return sum(reserved) + heldIn(cohort, 'shared', key) + burst + sum(fromBelow)
  }

  return {
    quota,
    heldBy,
    sharedIn: (cohort: string, key: string) => heldIn(cohort, 'shared', key),
    burstUnder: function burstUnder(cohort: string, key: string): bigint {
      return heldIn(cohort, 'burst', key) + sum(below(cohort).map(one => burstUnder(one, key)))
    },
    /** How far the cohort is beyond what it has and may borrow; unlimited borrowing leaves that to its parent. */
    excess: (cohort: string, key: string, view: View): bigint => {
      const isRoot = cohorts.find(one => one.name === cohort)?.parent === null
      const { borrowingLimit } = quota(cohort, key)
      if (!isRoot && borrowingLimit === null) return 0n
      return use(cohort, key, view) - capacity(cohort, key) - (isRoot ? 0n : (borrowingLimit ?? 0n))
    },
    /** What a tenant may have in a tier in its own right. */
    isEntitled: (tenant: string, tier: 'reserved' | 'shared', key: string, amount: bigint): boolean => {
      if (tier === 'reserved') return heldBy(tenant, 'reserved', key) + amount <= ownReserved(tenant, key).reserved
      const spec = tenants.find(one => one.name === tenant)
      const max = spec?.classes.get(key)?.sharedMax ?? null
      const fitsPool = heldIn(spec?.cohort ?? '', 'shared', key) + amount <= quota(spec?.cohort ?? '', key).shared
      return fitsPool && (max === null || heldBy(tenant, 'shared', key) + amount <= max)
    },
  }
}
