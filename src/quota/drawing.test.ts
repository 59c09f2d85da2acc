import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TIERS, type Tier } from '../schema/parts.ts'
import { type Book, openBook } from './book.ts'
import { amend } from './change.ts'
import { type Claim, claimKey, ownerBits } from './claim.ts'
import { decide, needIn, type Request } from './decide.ts'
import { gangKey } from './gang.ts'
import { excess, holdingOf, sum } from './holding.ts'
import { chargeOf, claims, type Ledger } from './ledger.ts'
import {
  amounts,
  bookOn,
  cohort,
  KEYS,
  present,
  request,
  STAMP,
  someDemand,
  someScenario,
  tenant,
  tenantNamed,
  viewOf,
} from './testing.ts'
import { type Amounts, available, used } from './usage.ts'
import { viewFor } from './view.ts'

const OWNER = ownerBits('team-t', 'job')
const UNTIL = STAMP.expiresAtMs * 2

test('whoever it is held for is admitted into claimed room, and nobody else', () => {
  const book = withClaims(bookOf({ burst: 4 }), claimOf({ gpu: 4 }))
  assert.deepEqual(outcomesOf(book, [stranger('s', 1)]), ['refused'])
  assert.deepEqual(
    outcomesOf(book, [request('other', 't', { gpu: 1 }, 'burst')]),
    ['refused'],
    'its tenant alone does not do',
  )
  assert.deepEqual(outcomesOf(book, [own('p1', 2), stranger('s', 1), own('p2', 2), own('p3', 1)]), [
    'burst',
    'refused',
    'burst',
    'refused',
  ])
})

test('what is drawn leaves the claim in the value that books it, and what is used in all stays as it was', () => {
  const book = withClaims(bookOf({ burst: 4 }), claimOf({ gpu: 4 }))
  const after = decide(book, own('p', 3), STAMP).book
  assert.deepEqual(claimed(after), [amounts({ gpu: 1 })])
  assert.equal(heldOf(after, 'burst').get('gpu'), 4n)
  const none = decide(after, own('q', 1), STAMP).book
  assert.deepEqual([claimed(none), none.ledger.claims.size, heldOf(none, 'burst').get('gpu')], [[], 0, 4n])
})

test('while others still use what is claimed it lets nobody in', () => {
  const used = charged(bookOf({ burst: 4 }), stranger('victim-1', 3), stranger('victim-2', 1))
  const book = withClaims(used, claimOf({ gpu: 4 }))
  assert.deepEqual(outcomesOf(book, [own('p', 4), stranger('s', 1)]), ['refused', 'refused'])
  const half = amend(book, { kind: 'release', uid: 'victim-1' })
  assert.deepEqual(outcomesOf(half, [own('p', 1), stranger('s', 1)]), ['refused', 'refused'])
  const free = amend(half, { kind: 'release', uid: 'victim-2' })
  assert.deepEqual(outcomesOf(free, [stranger('s', 1), own('p', 4)]), ['refused', 'burst'])
})

test('what is asked for beyond the claim must fit beside it', () => {
  const book = withClaims(bookOf({ burst: 6 }), claimOf({ gpu: 4 }))
  const cases: readonly { readonly name: string; readonly gpus: number; readonly want: string }[] = [
    { name: 'within the claim', gpus: 4, want: 'burst' },
    { name: 'with all that is idle', gpus: 6, want: 'burst' },
    { name: 'with more than is idle', gpus: 7, want: 'refused' },
  ]
  for (const { name, gpus, want } of cases) assert.deepEqual(outcomesOf(book, [own('p', gpus)]), [want], name)
})

test('the first of a gang draws for all of it, and the others use what it holds', () => {
  const book = withClaims(bookOf({ burst: 6 }), claimOf({ gpu: 6 }))
  const [first, second] = [member('g-0'), member('g-1')]
  const one = decide(book, first, STAMP).book
  assert.deepEqual([claimed(one), heldOf(one, 'burst').get('gpu')], [[amounts({ gpu: 2 })], 6n])
  const two = decide(one, second, STAMP).book
  assert.deepEqual([claimed(two), heldOf(two, 'burst').get('gpu')], [[amounts({ gpu: 2 })], 6n])
  assert.equal(chargeOf(two.ledger, 'g-1')?.drew, undefined)
})

test('a pod that names no tier goes where room is held for it first', () => {
  const roomy = bookOf({ burst: 4, reserved: 4 })
  assert.deepEqual(outcomesOf(roomy, [own('p', 2, 'auto')]), ['reserved'])
  assert.deepEqual(outcomesOf(withClaims(roomy, claimOf({ gpu: 2 })), [own('p', 2, 'auto')]), ['burst'])
  const named = decide(withClaims(roomy, claimOf({ gpu: 2 })), own('p', 2, 'reserved'), STAMP).book
  assert.deepEqual(claimed(named), [amounts({ gpu: 2 })], 'what is claimed in another tier is no use there')
})

test('a claim counts towards a cap, and drawing on it is not stopped by it', () => {
  const capped = bookOf({ burst: 8, cap: 4 })
  const book = withClaims(capped, claimOf({ gpu: 4 }))
  assert.deepEqual(outcomesOf(book, [request('other', 't', { gpu: 1 }, 'burst'), own('p', 4)]), ['refused', 'burst'])
  const beyond = withClaims(capped, claimOf({ gpu: 5 }))
  assert.deepEqual(outcomesOf(beyond, [own('p', 1)]), ['refused'])
})

test('what is claimed of a pool keeps nobody from what is reserved for them', () => {
  const full = charged(bookOf({ shared: 4, reserved: 2 }), request('victim', 'u', { gpu: 4 }, 'shared'))
  const book = withClaims(full, claimOf({ gpu: 4 }, { tier: 'shared' }))
  assert.deepEqual(outcomesOf(book, [request('r', 't', { gpu: 2 }, 'reserved')]), ['reserved'])
  assert.deepEqual(outcomesOf(book, [own('p', 4, 'shared'), request('s', 'u', { gpu: 1 }, 'shared')]), [
    'refused',
    'refused',
  ])
})

test('a pod that moves to a better tier is held room there only where it has some', () => {
  const book = charged(bookOf({ burst: 8, reserved: 2 }), request('p', 't', { gpu: 2 }, 'burst'))
  const move = { tenant: 't', tier: 'reserved', heldFor: { kind: 'pod', uid: 'p' }, untilMs: UNTIL } as const
  const held = withClaims(book, { ...move, amounts: amounts({ gpu: 2 }) })
  assert.deepEqual(claimed(held), [amounts({ gpu: 2 })])
  assert.equal(withClaims(held, { ...move, amounts: amounts({ gpu: 2 }) }).ledger.held.size, 1, 'delivered twice')
  assert.deepEqual(outcomesOf(held, [request('r', 't', { gpu: 1 }, 'reserved')]), ['refused'])
  assert.deepEqual(claimed(withClaims(book, { ...move, amounts: amounts({ gpu: 3 }) })), [])
  const taken = charged(book, request('r', 't', { gpu: 1 }, 'reserved'))
  assert.deepEqual(claimed(withClaims(taken, { ...move, amounts: amounts({ gpu: 2 }) })), [])
})

test('a claim that nobody could draw on is not entered', () => {
  const book = bookOf({ burst: 4 })
  assert.deepEqual(claimed(withClaims(book, claimOf({ gpu: 1 }, { tenant: 'nobody' }))), [])
  assert.deepEqual(claimed(withClaims(book, claimOf({ other: 1 }))), [])
})

test('a claim is replaced and taken back by its key, however often', () => {
  const book = withClaims(bookOf({ burst: 4 }), claimOf({ gpu: 4 }), claimOf({ gpu: 2 }), claimOf({ gpu: 2 }))
  assert.deepEqual([claimed(book), heldOf(book, 'burst')], [[amounts({ gpu: 2 })], amounts({ gpu: 2 })])
  const key = claimKey('t', { kind: 'owner', owner: OWNER })
  const gone = amend(amend(book, { kind: 'unclaim', key }), { kind: 'unclaim', key })
  assert.deepEqual([claimed(gone), heldOf(gone, 'burst').size], [[], 0])
})

test('what a withdrawn charge drew is claimed again, for as long as it would have been', () => {
  const book = withClaims(bookOf({ burst: 4 }), claimOf({ gpu: 4 }))
  const two = charged(book, own('p', 1), own('q', 2))
  const back = withdrawn(withdrawn(two, 'p'), 'p')
  assert.deepEqual([...claims(back.ledger)], [claimOf({ gpu: 2 })])
  assert.deepEqual(outcomesOf(back, [stranger('s', 1), own('again', 2)]), ['refused', 'burst'])
  const all = withdrawn(charged(book, own('p', 4)), 'p')
  assert.deepEqual([...claims(all.ledger)], [claimOf({ gpu: 4 })])
  const lapsed = amend(charged(book, own('p', 4)), { kind: 'recount', view: viewOf({ asOfMs: UNTIL }) })
  assert.deepEqual([claimed(lapsed), lapsed.ledger.held.size], [[], 0])
})

test('of a gang, what the others still hold is not claimed again', () => {
  const book = withClaims(bookOf({ burst: 4 }), claimOf({ gpu: 4 }))
  const both = charged(book, member('g-0'), member('g-1'))
  const one = withdrawn(both, 'g-0')
  assert.deepEqual([claimed(one), heldOf(one, 'burst').get('gpu')], [[], 4n])
  const none = withdrawn(charged(book, member('g-0')), 'g-0')
  assert.deepEqual([claimed(none), heldOf(none, 'burst').get('gpu')], [[amounts({ gpu: 4 })], 4n])
})

test('a claim that was made since is left as it is', () => {
  const drawn = charged(withClaims(bookOf({ burst: 8 }), claimOf({ gpu: 4 })), own('p', 4))
  const later = withClaims(drawn, claimOf({ gpu: 3 }, { untilMs: UNTIL + 1 }))
  assert.deepEqual(claimed(withdrawn(later, 'p')), [amounts({ gpu: 3 })])
})

test('a gang can be made to give back the room of those who have not come', () => {
  const book = charged(bookOf({ burst: 4 }), member('g-0'))
  const key = gangKey('t', 'g')
  const lapsed = amend(amend(book, { kind: 'lapse', gang: key }), { kind: 'lapse', gang: key })
  assert.equal(heldOf(lapsed, 'burst').get('gpu'), 2n)
  assert.deepEqual(outcomesOf(lapsed, [stranger('s', 2), member('g-1')]), ['burst', 'refused'])
})

test('a UID that comes from another namespace is another owner, and none is none', () => {
  assert.notEqual(ownerBits('a', 'uid'), ownerBits('b', 'uid'))
  assert.match(ownerBits('a', 'uid'), /^[0-9a-z]{14}$/)
  assert.equal(ownerBits('a', ''), '')
})

const someClaim = fc.record({
  at: fc.nat(9),
  tier: fc.constantFrom('shared', 'burst'),
  amounts: someDemand,
  owner: fc.constantFrom('x', 'y'),
})

const someAsk = fc.record({
  at: fc.nat(9),
  tier: fc.constantFrom('auto', ...TIERS),
  demand: someDemand,
  owner: fc.constantFrom('x', 'x', 'y', ''),
})

test('drawing adds to what is held what the claim did not cover, and never where more is held than there is', () => {
  let draws = 0
  const check = (book: Book, asked: Request) => {
    const { outcome, book: after } = decide(book, asked, STAMP)
    if (outcome.kind !== 'charged') {
      assert.equal(after, book)
      return after
    }
    const { tier } = outcome.charge
    const { amounts: beside, drawn } = needIn(book, asked, tier)
    assert.deepEqual(
      plain(heldIn(after.ledger, asked.tenant, tier)),
      plain(sum(heldIn(book.ledger, asked.tenant, tier), beside)),
    )
    const leaf = tenantNamed(after.quota, asked.tenant).leaves[tier]
    for (const key of drawn.keys()) assert.ok(available(viewFor(after, tier), leaf, key) >= 0n, key)
    draws += drawn.size
    return after
  }
  fc.assert(
    fc.property(
      someScenario,
      fc.array(someClaim, { maxLength: 6 }),
      fc.array(someAsk, { maxLength: 12 }),
      (scenario, held, asks) => {
        const nameOf = (at: number) => present(scenario.tenants[at % scenario.tenants.length], 'tenant').name
        const known = held.map(({ at, owner, ...claim }): Claim => {
          return { ...claim, tenant: nameOf(at), heldFor: { kind: 'owner', owner }, untilMs: UNTIL }
        })
        const book = asks
          .map(({ at, ...ask }, index): Request => ({ ...ask, uid: `p${index}`, namespace: '', tenant: nameOf(at) }))
          .reduce(check, withClaims(bookOn(scenario.cohorts, scenario.tenants, 'c0'), ...known))
        assertOpened(book)
      },
    ),
    { numRuns: 300 },
  )
  assert.ok(draws > 20, `only ${draws} draws were seen`)
})

/** A book that was changed step by step is the book of its ledger. */
function assertOpened(book: Book): void {
  const opened = openBook(book.quota, book.ledger)
  for (const node of book.quota.tree.nodes) {
    for (const key of KEYS) {
      assert.equal(used(book.firm, node, key), used(opened.firm, node, key))
      assert.equal(used(book.total, node, key), used(opened.total, node, key))
    }
  }
}

function plain(of: Amounts) {
  return [...excess(of, amounts({}))].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

interface Numbers {
  readonly burst?: number
  readonly shared?: number
  readonly reserved?: number
  readonly cap?: number
}

/** A cohort of `t`, for whose job is claimed, and `u`; only `t` has something reserved. */
function bookOf({ burst = 0, shared = 0, reserved = 0, cap }: Numbers): Book {
  return bookOn(
    [cohort('c', { gpu: { burst, shared } })],
    [
      tenant(
        't',
        'c',
        { gpu: { reserved } },
        cap === undefined ? {} : { cap: amounts({ all: cap }).get('all') ?? null },
      ),
      tenant('u', 'c', { gpu: {} }),
    ],
    'c',
  )
}

function claimOf(plainAmounts: Readonly<Record<string, number>>, more: Partial<Claim> = {}): Claim {
  const heldFor = { kind: 'owner', owner: OWNER } as const
  return { tenant: 't', tier: 'burst', amounts: amounts(plainAmounts), heldFor, untilMs: UNTIL, ...more }
}

function withClaims(book: Book, ...all: readonly Claim[]): Book {
  return all.reduce((at, claim) => amend(at, { kind: 'claim', claim }), book)
}

function own(uid: string, gpus: number, tier: Tier | 'auto' = 'burst'): Request {
  return { ...request(uid, 't', { gpu: gpus }, tier), owner: OWNER }
}

function stranger(uid: string, gpus: number): Request {
  return request(uid, 'u', { gpu: gpus }, 'burst')
}

function member(uid: string): Request {
  return { ...own(uid, 2), gang: { id: 'g', size: 2, demand: amounts({ gpu: 4 }) } }
}

function outcomesOf(book: Book, requests: readonly Request[]): readonly string[] {
  const outcomes: string[] = []
  requests.reduce((at, one) => {
    const { outcome, book: after } = decide(at, one, STAMP)
    outcomes.push(outcome.kind === 'charged' ? outcome.charge.tier : outcome.kind)
    return after
  }, book)
  return outcomes
}

function charged(book: Book, ...requests: readonly Request[]): Book {
  return requests.reduce((at, one) => {
    const { outcome, book: after } = decide(at, one, STAMP)
    assert.equal(outcome.kind, 'charged', one.uid)
    return after
  }, book)
}

function withdrawn(book: Book, uid: string): Book {
  const charge = chargeOf(book.ledger, uid)
  return charge === undefined ? book : amend(book, { kind: 'withdraw', charge })
}

function claimed({ ledger }: Book): readonly Amounts[] {
  return [...claims(ledger)].map(claim => claim.amounts)
}

function heldOf({ ledger }: Book, tier: Tier): Amounts {
  return heldIn(ledger, 't', tier)
}

function heldIn(ledger: Ledger, ofTenant: string, tier: Tier): Amounts {
  return holdingOf(ledger.held, ofTenant)[tier]
}
